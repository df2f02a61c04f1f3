"""What is said of a domain, against a real name server."""

import asyncio

import pytest

from tests.dns_server import SERVFAIL, SILENCE, Zones, name_server
from tests.mail_server.domain.zones import GOOD_KEY, HOST, RELAY, RELAY6, ed25519, good, of, rsa, short_rsa, txt
from webapp.mail_server.domain.check import Question, Report, check
from webapp.mail_server.domain.finding import Finding, Grade, Topic
from webapp.smtp.records import Kind

OURS = Question("example.org", HOST, "mail2026")


async def report(zones: Zones, question: Question = OURS, *, seconds: float = 3.0) -> Report:
    async with name_server(zones) as server:
        return await check(question, server.ask(seconds=1), seconds=seconds)


async def found(topic: Topic, zones: Zones, question: Question = OURS) -> Finding:
    return of((await report(zones, question)).findings, topic)


async def test_a_domain_in_order_is_ok_throughout() -> None:
    findings = (await report(good())).findings
    assert [each.topic for each in findings] == list(Topic)
    assert [each.grade for each in findings] == [Grade.OK] * 5, [str(each.text) for each in findings]
    assert all(each.publish is None for each in findings)
    assert all(each.found for each in findings)


# ---------------------------------------------------------------------------------------------------------------- SPF


async def test_without_an_spf_record_the_one_to_publish_admits_the_relay() -> None:
    finding = await found(Topic.SPF, good(example__org={"MX": [f"10 {HOST}."]}))
    assert finding.grade is Grade.WRONG
    assert finding.publish is not None
    assert (finding.publish.name, finding.publish.kind) == ("example.org", Kind.TXT)
    assert finding.publish.value == f"v=spf1 ip4:{RELAY} ~all"
    assert (await found(Topic.SPF, good(example__org=txt(finding.publish.value)))).grade is Grade.OK


@pytest.mark.parametrize(
    ("record", "grade", "says", "publish"),
    [
        ("v=spf1 ip4:192.0.2.1 -all", Grade.WRONG, "does not admit", f"v=spf1 ip4:192.0.2.1 ip4:{RELAY} -all"),
        ("v=spf1 mx:other.example ~all", Grade.WRONG, "softfail", f"v=spf1 mx:other.example ip4:{RELAY} ~all"),
        ("v=spf1", Grade.WRONG, "neutral", f"v=spf1 ip4:{RELAY} ~all"),
        (f"v=spf1 ip4:{RELAY} +all", Grade.WRONG, "anyone in the world", f"v=spf1 ip4:{RELAY} ~all"),
        ("v=spf1 include:loop.example.org -all", Grade.WRONG, "includes itself", None),
        ("v=spf1 ip5:1.2.3.4 -all", Grade.WRONG, "cannot be understood: ip5:1.2.3.4", None),
        ("v=spf1 include:gone.example.org -all", Grade.WRONG, "gone.example.org, which has no SPF record", None),
        (f"v=spf1 ip4:{RELAY} include:gone.example.org -all", Grade.WARN, "other senders fail", None),
        ("v=spf1 include:down.example.org -all", Grade.WARN, "down.example.org", None),
        (f"v=spf1 a:{HOST} mx -all", Grade.OK, "2 of 10 look-ups", None),
    ],
)
async def test_the_spf_record_is_judged(record: str, grade: Grade, says: str, publish: str | None) -> None:
    zones = good(
        example__org={"MX": [f"10 {HOST}."], **txt(record)},
        loop__example__org=txt("v=spf1 include:example.org ~all"),
        down__example__org=SERVFAIL,
    )
    finding = await found(Topic.SPF, zones)
    assert (finding.grade, says in str(finding.text)) == (grade, True), finding.text
    assert [each.value for each in finding.found] == [record]
    if publish is not None:
        assert finding.publish is not None
        assert finding.publish.value == publish


async def test_too_many_lookups_are_found_behind_the_relay_too() -> None:
    many = " ".join(f"include:n{number}.example.org" for number in range(11))
    nets = {f"n{number}__example__org": txt("v=spf1 ip4:192.0.2.1 ~all") for number in range(11)}
    first = await found(Topic.SPF, good(example__org=txt(f"v=spf1 {many} ip4:{RELAY} -all"), **nets))
    assert (first.grade, "more than 10 look-ups" in str(first.text)) == (Grade.WRONG, True)
    last = await found(Topic.SPF, good(example__org=txt(f"v=spf1 ip4:{RELAY} {many} -all"), **nets))
    assert (last.grade, "more than 10 look-ups" in str(last.text)) == (Grade.WARN, True)


async def test_two_spf_records_become_one() -> None:
    zones = good(example__org=txt("v=spf1 include:a.example -all", "v=spf1 ip4:192.0.2.1 ~all"))
    finding = await found(Topic.SPF, zones)
    assert finding.grade is Grade.WRONG
    assert "2 SPF records" in str(finding.text)
    assert finding.publish is not None
    assert finding.publish.value == f"v=spf1 include:a.example ip4:192.0.2.1 ip4:{RELAY} -all"


async def test_every_address_of_the_relay_must_be_admitted() -> None:
    zones = good(mail__example__org={"A": [RELAY], "AAAA": [RELAY6]})
    finding = await found(Topic.SPF, zones)
    assert (finding.grade, RELAY6 in str(finding.text)) == (Grade.WRONG, True)
    assert finding.publish is not None
    assert finding.publish.value == f"v=spf1 ip4:{RELAY} ip6:{RELAY6} -all"


async def test_at_a_provider_its_include_is_what_counts() -> None:
    relay = {"smtp.gmail.com": {"A": [RELAY]}}
    gmail = Question("example.org", "smtp.gmail.com", "mail2026")
    without = await found(Topic.SPF, {**good(example__org=txt("v=spf1 -all")), **relay}, gmail)
    assert without.grade is Grade.WARN
    assert without.publish is not None
    assert without.publish.value == "v=spf1 include:_spf.google.com -all"
    zones = good(example__org=txt(without.publish.value), _spf__google__com=txt("v=spf1 ip4:192.0.2.0/24 ~all"))
    assert (await found(Topic.SPF, {**zones, **relay}, gmail)).grade is Grade.OK


async def test_a_relay_elsewhere_is_a_warning_since_it_may_send_from_other_addresses() -> None:
    zones = {**good(example__org=txt("v=spf1 -all")), "smtp.isp.example": {"A": [RELAY]}}
    finding = await found(Topic.SPF, zones, Question("example.org", "smtp.isp.example", "mail2026"))
    assert finding.grade is Grade.WARN
    assert "from other addresses" in " ".join(map(str, finding.notes))


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("10.0.0.5", "10.0.0.5"),
        ("localhost", "127.0.0.1"),
        ("gone.example.org", "has no address"),
        ("", "no mail server"),
    ],
)
async def test_a_relay_that_the_world_cannot_see_leaves_it_open(host: str, says: str) -> None:
    question = Question("example.org", host, "mail2026")
    spf = await found(Topic.SPF, good(), question)
    assert (spf.grade, says in str(spf.text)) == (Grade.WARN, True), spf.text
    reverse = await found(Topic.REVERSE, good(), question)
    assert reverse.grade is Grade.WARN


# --------------------------------------------------------------------------------------------------------------- DKIM


@pytest.mark.parametrize(
    ("record", "grade", "says"),
    [
        (GOOD_KEY, Grade.OK, "2048 bits"),
        (GOOD_KEY.removeprefix("v=DKIM1; "), Grade.OK, "2048 bits"),
        (f"v=DKIM1;k=rsa;p={rsa(4_096)}", Grade.OK, "4096 bits"),
        (f"v=DKIM1; p={rsa(1_024)}", Grade.WARN, "1024 bits; 2048"),
        (f"v=DKIM1; t=y; p={rsa(2_048)}", Grade.WARN, "t=y"),
        (f"v=DKIM1; k=ed25519; p={ed25519()}", Grade.OK, "Ed25519"),
        ("v=DKIM1; k=ed25519; p=AAAA", Grade.WRONG, "cannot be read"),
        ("v=DKIM1; p=", Grade.WRONG, "revoked"),
        (GOOD_KEY[:200], Grade.WRONG, "cannot be read"),
        ("v=DKIM1; p=!!!", Grade.WRONG, "cannot be read"),
        (f"v=DKIM1; k=dsa; p={rsa(1_024)}", Grade.WRONG, "cannot be read"),
        (f"v=DKIM1; h=sha1; p={rsa(2_048)}", Grade.WRONG, "SHA-256"),
        (f"v=DKIM1; s=tlsrpt; p={rsa(2_048)}", Grade.WRONG, "not meant for mail"),
        ("v=spf1 -all", Grade.WRONG, "not a DKIM key"),
        ("v=DKIM2; p=AAAA", Grade.WRONG, "not a DKIM key"),
        ("p=AAAA; v=DKIM1", Grade.WRONG, "not a DKIM key"),
        ("hello", Grade.WRONG, "not a DKIM key"),
    ],
    ids=[f"record {number}" for number in range(17)],  # keys are made anew in each process
)
async def test_the_key_at_a_typed_selector_is_judged(record: str, grade: Grade, says: str) -> None:
    finding = await found(Topic.DKIM, good(mail2026___domainkey__example__org=txt(record)))
    assert (finding.grade, says in str(finding.text)) == (grade, True), finding.text


async def test_a_short_key_is_not_accepted_by_anyone() -> None:
    finding = await found(Topic.DKIM, good(mail2026___domainkey__example__org=txt(f"v=DKIM1; p={short_rsa()}")))
    assert (finding.grade, "shorter than 1024" in str(finding.text)) == (Grade.WRONG, True), finding.text


async def test_a_missing_or_doubled_key_is_wrong() -> None:
    missing = await found(Topic.DKIM, good(), Question("example.org", HOST, "other"))
    assert (missing.grade, "other._domainkey.example.org" in str(missing.text)) == (Grade.WRONG, True)
    doubled = await found(Topic.DKIM, good(mail2026___domainkey__example__org=txt(GOOD_KEY, "v=DKIM1; p=")))
    assert (doubled.grade, "2 keys" in str(doubled.text)) == (Grade.WRONG, True)


async def test_a_key_behind_a_cname_counts() -> None:
    zones = good(
        mail2026___domainkey__example__org={"CNAME": ["key.provider.example."]}, key__provider__example=txt(GOOD_KEY)
    )
    assert (await found(Topic.DKIM, zones)).grade is Grade.OK


async def test_without_a_selector_the_usual_ones_are_tried() -> None:
    untyped = Question("example.org", HOST)
    hidden = await found(Topic.DKIM, good(), untyped)
    assert (hidden.grade, "usual selectors" in str(hidden.text)) == (Grade.WARN, True)
    usual = good(selector1___domainkey__example__org=txt("v=DKIM1; p="), google___domainkey__example__org=txt(GOOD_KEY))
    seen = await found(Topic.DKIM, usual, untyped)
    assert (seen.grade, "google._domainkey" in str(seen.text)) == (Grade.OK, True)
    none = good(mail2026___domainkey__example__org=None)
    async with name_server(none) as server:
        lone = of((await check(untyped, server.ask(), seconds=3)).findings, Topic.DKIM)
        asked = [name for name, _ in server.questions if "_domainkey" in name]
    assert "no DKIM key at all" in str(lone.text)
    assert asked == ["_domainkey.example.org"]


# -------------------------------------------------------------------------------------------------------------- DMARC


@pytest.mark.parametrize(
    ("records", "grade", "says"),
    [
        (["v=DMARC1; p=reject"], Grade.OK, "p=reject"),
        (["v=DMARC1;p=quarantine;"], Grade.OK, "SPF / DKIM"),
        (["v = DMARC1; p=reject"], Grade.OK, "p=reject"),
        (["v=DMARC1; p=none"], Grade.WARN, "only watches"),
        (["v=DMARC1"], Grade.WRONG, "cannot be understood"),
        (["v=DMARC1; p=everything"], Grade.WRONG, "cannot be understood"),
        (["v=DMARC1; p=reject; p=none"], Grade.WRONG, "cannot be understood"),
        (["v=DMARC1; p=reject", "v=DMARC1; p=none"], Grade.WRONG, "2 DMARC records"),
        (["unrelated"], Grade.WARN, "no DMARC record"),
    ],
)
async def test_the_dmarc_record_is_judged(records: list[str], grade: Grade, says: str) -> None:
    finding = await found(Topic.DMARC, good(_dmarc__example__org=txt(*records)))
    assert (finding.grade, says in str(finding.text)) == (grade, True), finding.text
    assert (finding.publish is None) == (grade is Grade.OK)


async def test_a_strict_policy_with_nothing_that_passes_is_wrong() -> None:
    zones = good(example__org=txt("v=spf1 -all"), mail2026___domainkey__example__org=None)
    finding = await found(Topic.DMARC, zones)
    assert (finding.grade, "neither SPF nor DKIM" in str(finding.text)) == (Grade.WRONG, True)
    zones = good(example__org=txt("v=spf1 -all"))
    assert (await found(Topic.DMARC, zones)).grade is Grade.OK


async def test_a_policy_that_watches_is_tightened_only_for_those_who_pass() -> None:
    watching = "v=DMARC1; p=none; rua=mailto:dmarc@example.org"
    finding = await found(Topic.DMARC, good(_dmarc__example__org=txt(watching)))
    assert finding.publish is not None
    assert finding.publish.value == watching.replace("none", "quarantine")
    zones = good(
        _dmarc__example__org=txt(watching), example__org=txt("v=spf1 -all"), mail2026___domainkey__example__org=None
    )
    assert (await found(Topic.DMARC, zones)).publish is None


async def test_alignment_is_said() -> None:
    strict = await found(Topic.DMARC, good(_dmarc__example__org=txt("v=DMARC1; p=reject; adkim=s; pct=20")))
    notes = " ".join(map(str, strict.notes))
    assert "SPF is aligned" in notes
    assert "exactly example.org" in notes
    assert "20%" in notes


async def test_a_subdomain_has_its_parents_policy() -> None:
    zones = {
        **good(_dmarc__example__org=txt("v=DMARC1; p=none; sp=reject")),
        "a.b.example.org": txt(f"v=spf1 ip4:{RELAY} -all"),
    }
    finding = await found(Topic.DMARC, zones, Question("a.b.example.org", HOST, "mail2026"))
    assert (finding.grade, "p=reject" in str(finding.text)) == (Grade.OK, True)
    assert "example.org" in " ".join(map(str, finding.notes))


# ------------------------------------------------------------------------------------------------- MX and reverse DNS


@pytest.mark.parametrize(
    ("zone", "grade", "says"),
    [
        ({"MX": ["10 mail.example.org.", "20 gone.example.org."]}, Grade.WARN, "gone.example.org has no address"),
        ({"MX": ["10 gone.example.org."]}, Grade.WRONG, "gone.example.org has no address"),
        ({"MX": ["0 ."]}, Grade.WRONG, "takes no mail"),
        ({"MX": ["10 192.0.2.1."]}, Grade.WRONG, "the address 192.0.2.1"),
        ({"A": [RELAY]}, Grade.WARN, "address of example.org itself"),
        ({"TXT": ["v=spf1 -all"]}, Grade.WRONG, "takes no mail"),
        (SERVFAIL, Grade.WARN, "could not answer"),
    ],
)
async def test_the_way_back_is_judged(zone: dict[str, list[str]] | str, grade: Grade, says: str) -> None:
    finding = await found(Topic.MX, good(example__org=zone))
    assert (finding.grade, says in str(finding.text)) == (grade, True), finding.text


async def test_a_domain_that_does_not_exist_is_said_to() -> None:
    finding = await found(Topic.MX, good(), Question("example.com", HOST))
    assert (finding.grade, "no domain example.com" in str(finding.text)) == (Grade.WRONG, True)


@pytest.mark.parametrize(
    ("ptr", "grade", "says"),
    [
        (None, Grade.WRONG, "has no name"),
        ({"PTR": ["forged.example.net."]}, Grade.WRONG, "does not lead back"),
        ({"PTR": ["forged.example.net.", "mail.example.org."]}, Grade.OK, "mail.example.org"),
        ({"PTR": ["down.example.net."]}, Grade.WARN, "could not answer"),
        (SERVFAIL, Grade.WARN, "could not answer"),
    ],
)
async def test_the_relays_name_must_lead_back(ptr: dict[str, list[str]] | str | None, grade: Grade, says: str) -> None:
    name = "14__215__184__93__in-addr__arpa"
    zones = good(**{name: ptr}, forged__example__net={"A": ["192.0.2.1"]}, down__example__net=SERVFAIL)
    finding = await found(Topic.REVERSE, zones)
    assert (finding.grade, says in str(finding.text)) == (grade, True), finding.text
    if grade is Grade.WRONG:
        assert finding.publish is not None
        assert (finding.publish.name, finding.publish.value) == ("14.215.184.93.in-addr.arpa", f"{HOST}.")


async def test_an_ipv6_relay_has_a_name_too() -> None:
    reverse = ".".join("260628000220000100000000000000" + "14")[::-1]
    question = Question("example.org", RELAY6, "mail2026")
    zones = good(**{f"{reverse}.ip6.arpa": {"PTR": [f"{HOST}."]}}, mail__example__org={"AAAA": [RELAY6]})
    assert (await found(Topic.REVERSE, zones, question)).grade is Grade.OK
    bare = await found(Topic.REVERSE, good(), question)
    assert "has no name" in str(bare.text)


# ---------------------------------------------------------------------------------------------------------- the whole


@pytest.mark.parametrize("fault", [SERVFAIL, SILENCE])
async def test_a_name_service_that_fails_is_only_ever_a_warning(fault: str) -> None:
    silent = dict.fromkeys([*good(), "_domainkey.example.org", "_dmarc.example.org"], fault)
    findings = (await report(silent)).findings
    assert {each.grade for each in findings} == {Grade.WARN}


async def test_everything_is_over_in_time() -> None:
    zones = good(example__org=SILENCE)
    before = asyncio.get_running_loop().time()
    async with name_server(zones) as server:
        findings = (await check(OURS, server.ask(seconds=30), seconds=0.5)).findings
    assert asyncio.get_running_loop().time() - before < 2
    grades = {each.topic: each.grade for each in findings}
    assert grades[Topic.SPF] is grades[Topic.MX] is Grade.WARN
    assert grades[Topic.DKIM] is grades[Topic.REVERSE] is Grade.OK


async def test_the_name_service_is_not_flooded() -> None:
    many = " ".join(f"include:n{number}.example.org" for number in range(10))
    nets = {
        f"n{number}__example__org": txt(" ".join(["v=spf1", *(f"mx:m{number}-{n}.example.org" for n in range(10))]))
        for number in range(10)
    }
    async with name_server(good(example__org=txt(f"v=spf1 {many}"), **nets)) as server:
        await check(Question("example.org", HOST), server.ask(), seconds=3)
        assert len(server.questions) == len(set(server.questions)) < 60
