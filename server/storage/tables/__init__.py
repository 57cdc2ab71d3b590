"""The tables of the house, one file a family; only `server.storage` sees these rows."""

from server.storage.tables.base import Table, UtcDateTime
from server.storage.tables.house import (
    AdmissionRow,
    CommunityRow,
    InvitationRow,
    MembershipRow,
    OfficeRow,
    OwnerLinkRow,
    PersonRow,
)

__all__ = [
    "AdmissionRow",
    "CommunityRow",
    "InvitationRow",
    "MembershipRow",
    "OfficeRow",
    "OwnerLinkRow",
    "PersonRow",
    "Table",
    "UtcDateTime",
]
