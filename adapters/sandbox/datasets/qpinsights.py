"""Where datasets are born: a page like QP-Insights' case list with its "Export dataset".

QP-Insights itself calls the dataset-service then, in the operator's name and with the eForms that
it holds. Its pages and addresses are not public: these are the stand-in's own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape
from typing import Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from adapters.sandbox import pages
from adapters.sandbox.datasets import creation
from adapters.sandbox.datasets.answers import Refused
from adapters.sandbox.datasets.lake import Case
from adapters.sandbox.datasets.model import Dataset, Json
from adapters.sandbox.datasets.rights import User
from adapters.sandbox.datasets.service import Service
from adapters.sandbox.eforms import Eforms
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.realm import Account
from adapters.sandbox.realm import Refused as SignInRefused
from transfer.errors import UsageError

_TEXTS: Final = ("name", "version", "description", "provenance", "purpose")


class QpInsights:
    """`GET|POST /export` and a page for each case, below `path`; an ASGI application."""

    path: Final = "/qpinsights"

    def __init__(self, service: Service, eforms: Eforms, issuer: Issuer) -> None:
        self._service = service
        self._eforms = eforms
        self._issuer = issuer
        self._app = Starlette(
            routes=[
                Route("/export", self._page, methods=["GET"]),
                Route("/export", self._export, methods=["POST"]),
                Route("/cases/{uid}", self._case),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def destinations(self) -> list[str]:
        """Each `PROJECT|SUBPROJECT` that there is."""
        projects = self._service.shelf.projects.values()
        return [f"{project.code}|{sub.code}" for project in projects for sub in project.subprojects]

    def export(
        self,
        account: Account,
        destination: str,
        texts: Mapping[str, str],
        *,
        subjects: Collection[str] | None = None,
        host: str = "https://127.0.0.1",
    ) -> Dataset:
        """A draft of the stored cases, of all or of these subjects, in the account's name.

        Raises:
            Refused: the dataset-service will not. UsageError: there is no such case.
        """
        project, _, subproject = destination.partition("|")
        cases = self._chosen(project, subjects)
        order: Json = {
            "name": "Exported cases",
            "description": "",
            **{name: texts[name] for name in _TEXTS if texts.get(name)},
            "project": project,
            "subproject": subproject or project,
            "studies": [_study(case, f"{host}{self.path}") for case in cases],
            "subjects": [
                {"subjectName": subject, "eForm": self._eform(destination, subject)}
                for subject in dict.fromkeys(case.subject for case in cases)
            ],
        }
        creation.check(order)
        return self._service.create(User.of_account(account), order)

    def _chosen(self, project: str, subjects: Collection[str] | None) -> list[Case]:
        cases = self._service.lake.cases(project)
        if subjects is not None:
            cases = [case for case in cases if case.subject in subjects]
        if not cases:
            raise UsageError("No such case is stored.", "Send images first.")
        return cases

    def _eform(self, destination: str, subject: str) -> object:
        return self._eforms.forms().get((destination, subject), {})

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(self._form())

    async def _export(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode(), keep_blank_values=True)
        last = {name: values[-1] for name, values in form.items()}
        subjects = form.get("subject")
        host = f"{request.url.scheme}://{request.url.netloc}"
        try:
            account = self._issuer.sign_in(last.get("username", ""), last.get("password", ""))
            dataset = self.export(
                account, last.get("destination", ""), last, subjects=subjects, host=host
            )
        except SignInRefused as refused:
            return HTMLResponse(self._form(refused.words), 401)
        except Refused as refused:
            return HTMLResponse(self._form(refused.text), refused.status)
        except UsageError as error:
            return HTMLResponse(self._form(error.what), 400)
        said = f"{dataset.name}: the dataset-service creates it now, as {dataset.id}."
        return HTMLResponse(pages.message("Export dataset", said), 201)

    async def _case(self, request: Request) -> Response:
        cases = self._service.lake.cases("")
        case = next((c for c in cases if c.uid == request.path_params["uid"]), None)
        if case is None:
            return HTMLResponse(pages.message("Case", "There is no such case."), 404)
        said = f"{len(case.series)} series, {case.instances} instances"
        return HTMLResponse(pages.message(f"Case {case.name} of {case.subject}", said))

    def _form(self, trouble: str = "") -> str:
        counts: dict[str, int] = {}
        for case in self._service.lake.cases(""):
            counts[case.subject] = counts.get(case.subject, 0) + 1
        rows = "".join(
            f'<label><input type=checkbox name=subject value="{escape(subject)}" checked> '
            f"{escape(subject)}: {count} studies</label><br>"
            for subject, count in counts.items()
        )
        options = "".join(f"<option>{escape(key)}</option>" for key in self.destinations())
        place = f"<label>Project <select name=destination>{options}</select></label><br>"
        return pages.export(rows + place, trouble)


def _study(case: Case, root: str) -> Json:
    return {
        "studyId": case.id,
        "studyName": case.name,
        "subjectName": case.subject,
        "pathInDatalake": case.path,
        "series": [{"folderName": folder, "tags": []} for folder in case.series],
        "url": f"{root}/cases/{case.uid}",
    }
