"""The evaluation of SPF records, against a real name server (RFC 7208)."""

from ipaddress import ip_address

import pytest

from tests.dns_server import SERVFAIL, SILENCE, Zones, name_server
from webapp.mail_server.domain.spf import Outcome, Result, check_host
from webapp.mail_server.domain.spf_terms import BadTerm, Letter, expand

RELAY = "93.184.215.14"
RELAY6 = "2606:2800:220:1::14"


async def spf(zones: Zones, *, address: str = RELAY, sender: str = "postern@example.org") -> Result:
    async with name_server(zones) as server:
        return await check_host(address, sender, helo="relay.example.net", ask=server.ask(seconds=0.5))


def txt(*records: str) -> dict[str, list[str]]:
    return {"TXT": list(records)}


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        ("v=spf1 ip4:93.184.215.14 -all", Outcome.PASS),
        ("v=spf1 ip4:93.184.215.0/24 -all", Outcome.PASS),
        ("v=spf1 ip4:93.184.215.0/29 -all", Outcome.FAIL),
        ("v=spf1 ip6:2606:2800::/32 ~all", Outcome.SOFTFAIL),
        ("v=spf1 ?all", Outcome.NEUTRAL),
        ("v=spf1 +all", Outcome.PASS),
        ("v=spf1", Outcome.NEUTRAL),
        ("V=SPF1 IP4:93.184.215.14 -ALL", Outcome.PASS),
        ("v=spf1 -ip4:93.184.215.14 +all", Outcome.FAIL),
        ("v=spf1 moo=anything exp=why.example.org ip4:93.184.215.14 -all", Outcome.PASS),
        ("v=spf1 a:host.example.org -all", Outcome.PASS),
        ("v=spf1 a:near.example.org/24 -all", Outcome.PASS),
        ("v=spf1 a:near.example.org/24//64 -all", Outcome.PASS),
        ("v=spf1 a:near.example.org -all", Outcome.FAIL),
        ("v=spf1 mx:mx.example.org -all", Outcome.PASS),
        ("v=spf1 ptr:example.org -all", Outcome.PASS),
        ("v=spf1 ptr:example.net -all", Outcome.FAIL),
        ("v=spf1 include:pass.example.org -all", Outcome.PASS),
        ("v=spf1 include:softfail.example.org -all", Outcome.FAIL),
        ("v=spf1 redirect=softfail.example.org", Outcome.SOFTFAIL),
        ("v=spf1 redirect=pass.example.org ?all", Outcome.NEUTRAL),
        ("v=spf1 exists:%{i}.list.example.org -all", Outcome.PASS),
        ("v=spf1 exists:%{ir}.%{v}.list.example.org -all", Outcome.PASS),
        ("v=spf1 exists:%{l}.users.%{d} -all", Outcome.PASS),
        ("v=spf1 exists:%{h}.hosts.%{d2} -all", Outcome.PASS),
        ("v=spf1 include:alias.example.org -all", Outcome.PASS),
    ],
)
async def test_a_record_is_evaluated_term_by_term(record: str, outcome: Outcome) -> None:
    zones = {
        "example.org": txt("google-site-verification=x", record, "v=spf10 +all"),
        "host.example.org": {"A": [RELAY]},
        "near.example.org": {"A": ["93.184.215.200"]},
        "mx.example.org": {"MX": ["10 nowhere.example.org.", "20 host.example.org."]},
        "pass.example.org": txt("v=spf1 ip4:93.184.215.14 -all"),
        "softfail.example.org": txt("v=spf1 ~all"),
        "alias.example.org": {"CNAME": ["pass.example.org."]},
        "93.184.215.14.list.example.org": {"A": ["127.0.0.2"]},
        "14.215.184.93.in-addr.list.example.org": {"A": ["127.0.0.2"]},
        "14.215.184.93.in-addr.arpa": {"PTR": ["forged.example.net.", "host.example.org."]},
        "forged.example.net": {"A": ["192.0.2.99"]},
        "postern.users.example.org": {"A": ["127.0.0.2"]},
        "relay.example.net.hosts.example.org": {"A": ["127.0.0.2"]},
    }
    assert (await spf(zones)).outcome is outcome


async def test_an_ipv6_relay_is_looked_up_as_such() -> None:
    zones = {"example.org": txt("v=spf1 a mx -all") | {"A": [RELAY], "AAAA": [RELAY6], "MX": ["10 example.org."]}}
    assert (await spf(zones, address=RELAY6)).outcome is Outcome.PASS
    dotted = ".".join("260628000220000100000000000000" + "14")
    zones = {
        "example.org": txt("v=spf1 exists:%{ir}.%{v}.example.org -all"),
        f"{dotted[::-1]}.ip6.example.org": {"A": ["127.0.0.2"]},
    }
    assert (await spf(zones, address=RELAY6)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "term",
    [
        "ip4", "ip4:", "ip4:1.2.3", "ip4:1.2.3.4/33", "ip4:::1", "ip6:1.2.3.4", "a/33", "a//129", "a:",
        "a:%{z}.example.org",
        "include", "include:", "include:example.org/24", "exists", "redirect=", "redirect=a.example redirect=b.example",
        "all:x", "-", "magic", "mx:exa mple", "a:example.org/", "ip4:1.2.3.4%1", "include:münchen.example", "-all.",
        "a:localhost", "exists:%{c}.example.org",
    ],
)  # fmt: skip
async def test_a_mistake_anywhere_voids_the_record(term: str) -> None:
    result = await spf({"example.org": txt(f"v=spf1 ip4:{RELAY} {term} -all")})
    # Macros are read when the term is reached; everything else is seen at once (4.6).
    assert result.outcome is (Outcome.PASS if "%{" in term else Outcome.PERMERROR)
    assert (await spf({"example.org": txt(f"v=spf1 {term} -all")})).outcome is Outcome.PERMERROR


async def test_no_record_and_no_domain_are_none() -> None:
    assert (await spf({"example.org": txt("something else")})).outcome is Outcome.NONE
    assert (await spf({"example.org": {"A": [RELAY]}})).outcome is Outcome.NONE
    assert (await spf({})).outcome is Outcome.NONE


async def test_two_records_are_none_at_all() -> None:
    result = await spf({"example.org": txt("v=spf1 +all", "v=spf1 -all")})
    assert result.outcome is Outcome.PERMERROR
    assert "2 SPF records" in str(result.reason)


def chain(length: int, end: str) -> dict[str, dict[str, list[str]]]:
    """A record that needs ``length`` look-ups to get to its end."""
    zones = {
        f"n{number}.example.org": txt(f"v=spf1 include:n{number + 1}.example.org -all") for number in range(1, length)
    }
    return {
        "example.org": txt("v=spf1 include:n1.example.org -all"),
        **zones,
        f"n{length}.example.org": txt(end),
    }


async def test_ten_lookups_are_enough_and_eleven_too_many() -> None:
    ten = await spf(chain(10, f"v=spf1 ip4:{RELAY} -all"))
    assert (ten.outcome, ten.lookups) == (Outcome.PASS, 10)
    eleven = await spf(chain(11, f"v=spf1 ip4:{RELAY} -all"))
    assert eleven.outcome is Outcome.PERMERROR
    assert "more than 10 look-ups" in str(eleven.reason)


async def test_two_lookups_may_find_nothing_and_no_more() -> None:
    two = {"example.org": txt(f"v=spf1 a:x1.example.org mx:x2.example.org ip4:{RELAY} -all")}
    assert (await spf(two)).outcome is Outcome.PASS
    three = {"example.org": txt(f"v=spf1 a:x1.example.org mx:x2.example.org exists:x3.example.org ip4:{RELAY} -all")}
    result = await spf(three)
    assert result.outcome is Outcome.PERMERROR
    assert "x3.example.org" in str(result.reason)


@pytest.mark.parametrize(
    "zones",
    [
        {"example.org": txt("v=spf1 include:example.org -all")},
        {"example.org": txt("v=spf1 redirect=example.org")},
        {"example.org": txt("v=spf1 include:b.example.org"), "b.example.org": txt("v=spf1 redirect=Example.ORG")},
        {"example.org": txt("v=spf1 include:b.example.org"), "b.example.org": {"CNAME": ["example.org."]}},
    ],
)
async def test_a_loop_ends(zones: Zones) -> None:
    result = await spf(zones)
    assert result.outcome is Outcome.PERMERROR
    assert result.reason


async def test_an_exchanger_list_without_end_is_refused() -> None:
    names = [f"{number} m{number}.example.org." for number in range(11)]
    zones = {
        "example.org": txt("v=spf1 mx -all") | {"MX": names},
        **{f"m{n}.example.org": {"A": ["192.0.2.1"]} for n in range(11)},
    }
    assert (await spf(zones)).outcome is Outcome.PERMERROR


@pytest.mark.parametrize("fault", [SERVFAIL, SILENCE])
@pytest.mark.parametrize(
    "record",
    ["include:b.example.org", "a:b.example.org", "mx:b.example.org", "exists:b.example.org", "redirect=b.example.org"],
)
async def test_a_fault_of_the_name_service_is_no_verdict(fault: str, record: str) -> None:
    result = await spf({"example.org": txt(f"v=spf1 {record}"), "b.example.org": fault})
    assert result.outcome is Outcome.TEMPERROR
    assert "b.example.org" in str(result.reason)
    assert (await spf({"example.org": fault})).outcome is Outcome.TEMPERROR


@pytest.mark.parametrize("record", ["include:b.example.org", "redirect=b.example.org"])
async def test_what_is_referred_to_must_have_a_record(record: str) -> None:
    result = await spf({"example.org": txt(f"v=spf1 {record}")})
    assert result.outcome is Outcome.PERMERROR
    assert "b.example.org" in str(result.reason)


async def test_a_record_in_several_strings_is_joined() -> None:
    many = " ".join(f"ip4:192.0.2.{number}" for number in range(60))
    assert (await spf({"example.org": txt(f"v=spf1 {many} ip4:{RELAY} -all")})).outcome is Outcome.PASS


async def test_an_internationalised_domain_is_asked_for_in_a_labels() -> None:
    zones = {"xn--bcher-kva.example": txt(f"v=spf1 ip4:{RELAY} -all")}
    assert (await spf(zones, sender="postern@xn--bcher-kva.example")).outcome is Outcome.PASS


RELAYED = Letter("ada@uni.example.org", ip_address(RELAY), "relay.example.net")


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("%%%_%-.example.org", "% %20.example.org"),
        ("%{s}.%{o1r}.example.org.", "ada@uni.example.org.uni.example.org"),
        ("%{S}.org", "ada%40uni.example.org.org"),
        (".".join(["label"] * 60), ".".join(["label"] * 42)),
    ],
)
def test_macros_are_written_out_and_what_is_too_long_loses_labels_from_the_left(text: str, expanded: str) -> None:
    assert expand(text, RELAYED, "example.org") == expanded


@pytest.mark.parametrize("text", ["%{x}.org", "%{d0}.org", "%{}.org", "%(d).org"])
def test_what_is_no_macro_is_refused(text: str) -> None:
    if text.startswith("%{") and text[2] != "}":
        with pytest.raises(BadTerm):
            expand(text, RELAYED, "example.org")
    else:
        assert expand(text, RELAYED, "example.org") == text
