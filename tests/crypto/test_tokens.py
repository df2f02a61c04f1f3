"""Random tokens and their digests."""

import re

from webapp.crypto.tokens import digest, new_token


def test_a_token_has_256_bits_and_can_stand_in_a_cookie() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_a_digest_is_the_sha_256_in_hex() -> None:
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_any_text_has_a_digest() -> None:
    assert len({digest(text) for text in ("", "\0", "\udcff", "ü", "x" * 100_000)}) == 5
