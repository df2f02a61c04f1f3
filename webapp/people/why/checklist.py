"""Everything on somebody's way in, checked at this moment, and the sentence that it comes to."""

from webapp.people.why import account, link, mail
from webapp.people.why.conditions import Verdict, verdict
from webapp.people.why.facts import Facts
from webapp.text import message


def checked(facts: Facts) -> Verdict:
    """The conditions in the order in which they stand on the way, and the first that is not as it should be."""
    conditions = (
        account.exists(facts),
        account.not_deleted(facts),
        account.active(facts),
        account.not_frozen(facts),
        account.unlocked(facts),
        account.password(facts),
        mail.address(facts),
        mail.deliverable(facts),
        mail.verified(facts),
        mail.mail_server(facts),
        link.letter(facts),
        link.opened(facts),
        link.used(facts),
        account.factor(facts),
    )
    well = message("%(name)s can sign in, and no mail to the address was refused.", name=facts.called)
    return verdict(conditions, shut_out=facts.needs_link, well=well)
