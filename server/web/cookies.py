"""The signed cookies: who this browser belongs to, and the token that its changes must carry."""

from __future__ import annotations

import hashlib
import secrets

from aiohttp import web
from itsdangerous import BadData, BadSignature, Signer, URLSafeTimedSerializer

LOGIN = "moulin_login"
CSRF = "moulin_csrf"
LANGUAGE = "moulin_lang"
LOGIN_SECONDS = 180 * 24 * 3600
HANDOVER_SECONDS = 30 * 60
LANGUAGE_SECONDS = 365 * 24 * 3600


class Cookies:
    """Writes and reads the cookies; all are HttpOnly, SameSite=Lax, and Secure over https."""

    def __init__(self, secret_key: str, *, secure: bool) -> None:
        self._logins = URLSafeTimedSerializer(secret_key, salt="moulin.login")
        self._handovers = URLSafeTimedSerializer(secret_key, salt="moulin.handover")
        self._csrf = Signer(secret_key, salt="moulin.csrf", digest_method=hashlib.sha256)
        self._secure = secure

    def login(self, request: web.Request) -> str | None:
        """The id of the login that this request carries; None without a valid cookie."""
        try:
            login_id = self._logins.loads(request.cookies.get(LOGIN, ""), max_age=LOGIN_SECONDS)
        except (BadData, ValueError, TypeError):
            return None
        return login_id if isinstance(login_id, str) else None

    def log_in(self, response: web.StreamResponse, login_id: str) -> None:
        """Have this browser carry a login from now on."""
        self._set(response, LOGIN, str(self._logins.dumps(login_id)), LOGIN_SECONDS)

    def log_out(self, response: web.StreamResponse) -> None:
        """Make this browser nobody's."""
        response.del_cookie(LOGIN, path="/")

    def remember_language(self, response: web.StreamResponse, lang: str) -> None:
        """Answer this browser in `lang` from now on."""
        self._set(response, LANGUAGE, lang, LANGUAGE_SECONDS)

    def hand_over(self, login_id: str) -> str:
        """What another browser shows for half an hour to take that login over."""
        return str(self._handovers.dumps(login_id))

    def handed_over(self, token: str) -> str | None:
        """The login of a `hand_over`; None when it is too old, or none of ours."""
        try:
            login_id = self._handovers.loads(token, max_age=HANDOVER_SECONDS)
        except (BadData, ValueError, TypeError):
            return None
        return login_id if isinstance(login_id, str) else None

    def csrf_nonce(self, request: web.Request) -> str | None:
        """The random text that this browser keeps for us; None when it has none yet."""
        nonce = request.cookies.get(CSRF, "")
        return nonce if len(nonce) == 32 and nonce.isalnum() else None

    def keep_csrf_nonce(self, response: web.StreamResponse, nonce: str) -> None:
        """Have this browser keep `nonce` until it closes."""
        self._set(response, CSRF, nonce, None)

    def csrf_token(self, nonce: str) -> str:
        """What a change must carry beside the cookie `nonce`: only we can make it."""
        return self._csrf.get_signature(nonce).decode("ascii")

    def is_csrf_token(self, nonce: str, token: str) -> bool:
        """Whether `token` goes with the cookie `nonce`."""
        try:
            return self._csrf.verify_signature(nonce, token)
        except (BadSignature, ValueError):
            return False

    def _set(
        self, response: web.StreamResponse, name: str, value: str, max_age: int | None
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )


def new_nonce() -> str:
    """32 random hexadecimal digits."""
    return secrets.token_hex(16)
