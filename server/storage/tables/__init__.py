"""The tables of the house, one file a family; only `server.storage` sees these rows."""

from server.storage.tables.base import Table, UtcDateTime
from server.storage.tables.calendars import CalendarFeedRow, HostFeedRow, VisitRow
from server.storage.tables.house import (
    AdmissionRow,
    CommunityRow,
    InvitationRow,
    MembershipRow,
    OfficeRow,
    OwnerLinkRow,
    PersonRow,
    SessionInvitationRow,
)
from server.storage.tables.members import (
    LeaseRow,
    LetterRow,
    LoginLinkRow,
    LoginRow,
    PasskeyChallengeRow,
    PasskeyRow,
)
from server.storage.tables.moderation import ExpulsionRow
from server.storage.tables.push import PushNoticeRow, PushSubscriptionRow
from server.storage.tables.sessions import (
    HostNewsRow,
    SessionAnswerRow,
    SessionHostRow,
    SessionPlanRow,
    SessionRow,
    SessionSeriesEndRow,
    SessionSeriesRow,
)
from server.storage.tables.tours import TourRow, TourStopRow

__all__ = [
    "AdmissionRow",
    "CalendarFeedRow",
    "CommunityRow",
    "ExpulsionRow",
    "HostFeedRow",
    "HostNewsRow",
    "InvitationRow",
    "LeaseRow",
    "LetterRow",
    "LoginLinkRow",
    "LoginRow",
    "MembershipRow",
    "OfficeRow",
    "OwnerLinkRow",
    "PasskeyChallengeRow",
    "PasskeyRow",
    "PersonRow",
    "PushNoticeRow",
    "PushSubscriptionRow",
    "SessionAnswerRow",
    "SessionHostRow",
    "SessionInvitationRow",
    "SessionPlanRow",
    "SessionRow",
    "SessionSeriesEndRow",
    "SessionSeriesRow",
    "Table",
    "TourRow",
    "TourStopRow",
    "UtcDateTime",
    "VisitRow",
]
