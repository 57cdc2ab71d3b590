"""What asks for a page: a crawler that previews links, another app's own browser, or a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from aiohttp import web

# Link previews, search engines, and whatever else says that nobody is looking.
_CRAWLERS = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|preview|fetcher|scanner|monitor|externalhit|facebookcatalog|"
    r"meta-external|^whatsapp|telegrambot|embedly|skypeuripreview|iframely|^mastodon|pleroma|"
    r"bluesky|cardyb|vkshare|google-|mediapartners|"
    r"^(curl|wget|python|go-http|java|okhttp|node|axios|ruby|php|libwww|httpie)\b|^$",
    re.IGNORECASE,
)
_IN_APP = (
    ("Instagram", re.compile(r"\bInstagram\b")),
    ("Messenger", re.compile(r"MessengerForiOS|FB_IAB/(?:Orca|MESSENGER)|MessengerLite")),
    ("Facebook", re.compile(r"\bFBAN\b|\bFBAV\b|\bFB_IAB\b")),
    ("LINE", re.compile(r"\bLine/")),
    ("TikTok", re.compile(r"BytedanceWebview|musical_ly|TikTok|trill_")),
    ("LinkedIn", re.compile(r"LinkedInApp")),
    ("Snapchat", re.compile(r"Snapchat")),
    ("Pinterest", re.compile(r"\[Pinterest/")),
    ("X", re.compile(r"Twitter for |TwitterAndroid")),
    ("WeChat", re.compile(r"MicroMessenger")),
    ("KakaoTalk", re.compile(r"KAKAOTALK")),
)
_ANDROID_WEB_VIEW = re.compile(r"Android.*; wv\)")

System = Literal["ios", "android", "other"]


@dataclass(frozen=True)
class InAppBrowser:
    """Another app's own browser, where cameras often fail: which app ("" unknown), on what."""

    app: str
    system: System


def is_crawler(request: web.Request) -> bool:
    """Whether nobody is looking: a link preview, a search engine, or a page fetched ahead."""
    agent = request.headers.get("User-Agent", "")
    if in_app_browser(agent) is not None:
        return False  # Pinterest's and others' crawlers go by the app's name, but not in brackets
    purpose = request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    ahead = "prefetch" in purpose or "preview" in purpose or "X-Moz" in request.headers
    return ahead or _CRAWLERS.search(agent) is not None


def in_app_browser(agent: str) -> InAppBrowser | None:
    """The app whose own browser this is; None in a browser of its own."""
    system: System = "other"
    if re.search(r"iPhone|iPad|iPod", agent):
        system = "ios"
    elif "Android" in agent:
        system = "android"
    for app, pattern in _IN_APP:
        if pattern.search(agent):
            return InAppBrowser(app, system)
    return InAppBrowser("", "android") if _ANDROID_WEB_VIEW.search(agent) else None


def way_out(browser: InAppBrowser, address: str) -> str:
    """The link that opens `address` (absolute) in the phone's own browser; "" where none does.

    Android: an intent that falls back to the page itself. iOS 17: Safari's own scheme.
    """
    parts = urlsplit(address)
    rest = parts.netloc + parts.path + (f"?{parts.query}" if parts.query else "")
    if browser.system == "android":
        return f"intent://{rest}#Intent;scheme={parts.scheme};package=com.android.chrome;end"
    if browser.system == "ios":
        return f"x-safari-{parts.scheme}://{rest}"
    return ""
