"""A sign-in service in memory, worded after Keycloak 26, that counts what it is asked."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

URL = "https://issuer.example/auth/realms/R"


def jwt(**claims: Any) -> str:
    """A token that looks signed."""

    def part(content: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256'})}.{part(claims)}.c2lnbmVk"


@dataclass
class Issuer:
    """One realm with one account, `us` / `right`. Its behaviour is in its fields."""

    password: str = "right"
    refuses_offline: str = ""
    denial: dict[str, str] = field(default_factory=dict)
    device: list[str] | None = None
    token_endpoint: str = f"{URL}/token"
    lifetime_s: int = 300
    claims: dict[str, Any] = field(default_factory=lambda: {"preferred_username": "us"})
    live_refresh: set[str] = field(default_factory=set)
    asked: list[dict[str, str]] = field(default_factory=list)
    status: int = 0
    _count: int = 0

    @property
    def grants(self) -> list[str]:
        return [form.get("grant_type", "").rpartition(":")[2] for form in self.asked]

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/.well-known/openid-configuration"):
            known = {
                "issuer": URL,
                "token_endpoint": self.token_endpoint,
                "end_session_endpoint": f"{URL}/logout",
            }
            if self.device is not None:
                known["device_authorization_endpoint"] = f"{URL}/device"
            return httpx.Response(200, json=known)
        form = {k: v[0] for k, v in parse_qs(request.content.decode()).items()}
        self.asked.append(form)
        if self.status:
            return httpx.Response(self.status, headers={"Retry-After": "9"}, text="<html>")
        if request.url.path.endswith("/logout"):
            self.live_refresh.discard(form["refresh_token"])
            return httpx.Response(204)
        if request.url.path.endswith("/device"):
            return self._device()
        return self._token(form)

    def _device(self) -> httpx.Response:
        assert self.device is not None
        if self.device == ["off"]:
            return _refused("unauthorized_client", "Client is not allowed for device grant")
        return httpx.Response(
            200,
            json={
                "device_code": "dc",
                "user_code": "WXYZ-1234",
                "verification_uri": f"{URL}/browser",
                "expires_in": 600,
                "interval": 5,
            },
        )

    def _token(self, form: dict[str, str]) -> httpx.Response:
        kind = form["grant_type"]
        if kind == "password":
            if self.denial:
                return httpx.Response(400, json=self.denial)
            if self.refuses_offline and "offline_access" in form.get("scope", ""):
                return _refused(self.refuses_offline, "Offline tokens not allowed")
            if (form["username"], form["password"]) != ("us", self.password):
                return _refused("invalid_grant", "Invalid user credentials", 401)
        elif kind == "refresh_token":
            if form["refresh_token"] not in self.live_refresh:
                return _refused("invalid_grant", "Token is not active")
        else:
            assert self.device is not None
            step = self.device.pop(0)
            if step != "ok":
                return _refused(step, "")
        self._count += 1
        refresh = f"refresh-{self._count}"
        self.live_refresh.add(refresh)
        return httpx.Response(
            200,
            json={
                "access_token": jwt(**self.claims, jti=self._count),
                "refresh_token": refresh,
                "expires_in": self.lifetime_s,
                "token_type": "Bearer",
            },
        )


def _refused(error: str, description: str, status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": error, "error_description": description})
