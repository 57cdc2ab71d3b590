"""Series split before lineages were kept, linked again where it is beyond doubt.

A link to a session opens the office of what its series became, so that a wrong pair would let
people in. What is asked: a session that is proven to be older than its series, and exactly one
series of the same title, maker and rule that ends right before. All others stay alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from server.storage.tables import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_SERIES = sa.table(
    "session_series",
    *(sa.column(name, sa.String) for name in ("id", "lineage", "community_id", "plan_id")),
    *(sa.column(name, sa.String) for name in ("created_by", "time_zone", "frequency")),
    *(sa.column(name, sa.Integer) for name in ("interval", "count")),
    sa.column("start", sa.DateTime),
    sa.column("until", sa.Date),
    sa.column("created_at", UtcDateTime),
)
_PLANS = sa.table("session_plans", *(sa.column(each) for each in ("id", "title_fr", "title_en")))
_SESSIONS = sa.table(
    "sessions",
    sa.column("id", sa.String),
    sa.column("series_id", sa.String),
    sa.column("sequence", sa.Integer),
    sa.column("changed_at", UtcDateTime),
)
_ANSWERS = sa.table(
    "session_answers", sa.column("session_id", sa.String), sa.column("placed_at", UtcDateTime)
)
_LINKS = sa.table("session_invitations", sa.column("session_id"), sa.column("invitation_id"))
_INVITATIONS = sa.table(
    "invitations", sa.column("id", sa.String), sa.column("created_at", UtcDateTime)
)


def upgrade() -> None:
    bind = op.get_bind()
    split = {row[0] for row in bind.execute(_made_of_older_sessions())}
    title = (_PLANS.c.title_fr, _PLANS.c.title_en)
    query = sa.select(_SERIES, *title).join(_PLANS, _PLANS.c.id == _SERIES.c.plan_id)
    recurring = list(bind.execute(query.where(_SERIES.c.frequency != "")))
    alone = [each for each in recurring if each.id in split and each.lineage == each.id]
    before = {each.id: [one for one in recurring if _leads_to(one, each)] for each in alone}
    claims = [found[0].id for found in before.values() if len(found) == 1]
    # The oldest first: what follows on from a series takes the mark that this one was given.
    for each in sorted(alone, key=lambda one: one.created_at):
        found = before[each.id]
        if len(found) != 1 or claims.count(found[0].id) != 1:
            continue
        parent = sa.select(_SERIES.c.lineage).where(_SERIES.c.id == found[0].id)
        lineage = bind.execute(parent).scalar_one()
        bind.execute(
            sa.update(_SERIES).where(_SERIES.c.lineage == each.id).values(lineage=lineage)
        )


def downgrade() -> None:
    """What was linked stays so: nothing that came before is hindered by it."""


def _made_of_older_sessions() -> sa.Select[tuple[str]]:
    """The series with a session from before them, as only "this and following" makes them.

    That moves sessions over and changes them at the moment that makes the series; an answer or a
    link older than the series proves as much.
    """
    moved = sa.and_(_SESSIONS.c.sequence > 0, _SESSIONS.c.changed_at == _SERIES.c.created_at)
    answered = sa.exists().where(
        _ANSWERS.c.session_id == _SESSIONS.c.id, _ANSWERS.c.placed_at < _SERIES.c.created_at
    )
    linked = sa.exists().where(
        _LINKS.c.session_id == _SESSIONS.c.id,
        _INVITATIONS.c.id == _LINKS.c.invitation_id,
        _INVITATIONS.c.created_at < _SERIES.c.created_at,
    )
    return (
        sa.select(_SERIES.c.id)
        .join(_SESSIONS, _SESSIONS.c.series_id == _SERIES.c.id)
        .where(sa.or_(moved, answered, linked))
        .distinct()
    )


def _leads_to(old: Any, new: Any) -> bool:
    """Whether `new` may be what "this and following" made of the end of `old`."""
    same = ("community_id", "created_by", "time_zone", "frequency", "interval")
    if old.id == new.id or any(getattr(old, name) != getattr(new, name) for name in same):
        return False
    if (old.title_fr, old.title_en) != (new.title_fr, new.title_en):
        return False
    if old.until is None or old.count is not None or old.created_at >= new.created_at:
        return False
    period = timedelta(days=7 if old.frequency == "weekly" else 31) * old.interval
    return bool(timedelta(0) < new.start.date() - old.until <= period)
