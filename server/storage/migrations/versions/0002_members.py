"""Members: addresses and cards, logins by device, mailed links, passkeys, letters, leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.storage.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TEXTS = (("title", 120), ("skills", 400), ("can_help", 400), ("looks_for", 400), ("link", 300))


def _person(*, nullable: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey("people.id", ondelete="CASCADE")
    return sa.Column("person_id", sa.String(32), key, nullable=nullable)


def upgrade() -> None:
    op.add_column("people", sa.Column("email", sa.String(254)))
    op.create_index("uq_people_email", "people", ["email"], unique=True)
    for name, longest, otherwise in (
        ("lang", 8, "fr"),
        ("notifications", 200, "reminders,changes"),
        ("languages", 120, ""),
        *((name, longest, "") for name, longest in _TEXTS),
    ):
        op.add_column(
            "people",
            sa.Column(name, sa.String(longest), nullable=False, server_default=otherwise),
        )
    op.add_column("people", sa.Column("card_shown_at", UtcDateTime()))
    op.add_column(
        "people",
        sa.Column("keeps_server", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "people",
        sa.Column(
            "seen_at", UtcDateTime(), nullable=False, server_default="1970-01-01 00:00:00.000000"
        ),
    )
    op.execute("UPDATE people SET seen_at = created_at")
    op.drop_column("people", "login_version")
    op.add_column(
        "communities", sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.add_column(
        "owner_links",
        sa.Column("opens_server", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _create_logins()
    _create_letters()
    _create_passkeys()


def _create_logins() -> None:
    op.create_table(
        "logins",
        sa.Column("id", sa.String(32), primary_key=True),
        _person(),
        sa.Column("device", sa.String(120), nullable=False),
        sa.Column("method", sa.String(32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_logins_person_id", "logins", ["person_id"])
    op.create_table(
        "login_links",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("next_path", sa.String(300), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
    )
    op.create_index("ix_login_links_email", "login_links", ["email"])


def _create_letters() -> None:
    op.create_table(
        "letters",
        sa.Column("id", sa.String(32), primary_key=True),
        _person(nullable=True),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("lang", sa.String(8), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("attachments", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime()),
        sa.Column("given_up_at", UtcDateTime()),
        sa.Column("problem", sa.String(300), nullable=False),
    )
    for column in ("person_id", "address", "about"):
        op.create_index(f"ix_letters_{column}", "letters", [column])
    op.create_index("ix_letters_due", "letters", ["sent_at", "given_up_at", "next_try_at"])
    op.create_table(
        "leases",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
    )


def _create_passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(64), primary_key=True),
        _person(),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
    )
    op.create_index("ix_passkeys_person_id", "passkeys", ["person_id"])
    op.create_table(
        "passkey_challenges",
        sa.Column("id", sa.String(64), primary_key=True),
        _person(nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_passkey_challenges_person_id", "passkey_challenges", ["person_id"])


def downgrade() -> None:
    for table in ("passkey_challenges", "passkeys", "leases", "letters", "login_links", "logins"):
        op.drop_table(table)
    op.drop_column("owner_links", "opens_server")
    op.drop_column("communities", "listed")
    op.add_column(
        "people", sa.Column("login_version", sa.Integer(), nullable=False, server_default="1")
    )
    op.drop_index("uq_people_email", "people")
    for name in ("email", "lang", "notifications", "languages", "card_shown_at"):
        op.drop_column("people", name)
    for name in ("keeps_server", "seen_at", *(name for name, _longest in _TEXTS)):
        op.drop_column("people", name)
