"""What the dataset-service does, apart from its HTTP: create, follow the job, change, remove."""

from __future__ import annotations

import copy
import hashlib
import secrets
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from adapters.sandbox.datasets import changes, job, rights, words
from adapters.sandbox.datasets.answers import Refused, not_found, unauthorized, unexpected
from adapters.sandbox.datasets.checks import VERSION_MOST
from adapters.sandbox.datasets.clock import Clock
from adapters.sandbox.datasets.job import Run
from adapters.sandbox.datasets.lake import Lake
from adapters.sandbox.datasets.model import Dataset, Job, Json, Project, Subproject
from adapters.sandbox.datasets.options import DatasetOptions
from adapters.sandbox.datasets.rights import User
from adapters.sandbox.datasets.shelf import Shelf
from adapters.sandbox.datasets.tracer import Tracer
from adapters.sandbox.faults import Faults
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.store import Store


class Service:
    """All datasets and projects. `folder` keeps them; one used before is read in again."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        issuer: Issuer,
        faults: Faults,
        options: DatasetOptions,
        destinations: Iterable[str] = (),
    ) -> None:
        self.options = options
        self.shelf = Shelf(folder)
        self.clock = Clock(folder / "ahead_s")
        self.lake = Lake(folder / "lake", store)
        self.tracer = Tracer(self.shelf, self.clock, faults)
        self._issuer = issuer
        self._faults = faults
        self._runs: dict[str, Run] = {}
        self._around = changes.Surroundings(
            self.shelf.datasets.get, self._user, self._zenodo_token, _doi
        )
        for key in destinations:
            self._found(key)

    def datasets(self) -> Sequence[Dataset]:
        """All of them, each with its job as far as it is now."""
        for dataset in list(self.shelf.datasets.values()):
            self._settle(dataset)
        return list(self.shelf.datasets.values())

    def dataset(self, dataset_id: str) -> Dataset:
        """Raises Refused, 404."""
        dataset = self.shelf.datasets.get(dataset_id)
        if dataset is None:
            raise not_found()
        self._settle(dataset)
        return self.shelf.datasets[dataset_id]

    def create(self, user: User | None, order: Json) -> Dataset:
        """Begin a dataset of checked values.

        Raises:
            Refused: not allowed, a project or dataset that is not there, or the cluster's refusal.
        """
        if user is None or not user.may_create:
            raise unauthorized()
        project = self._project_for(user, order)
        previous_id = order.get("previousId")
        if previous_id is not None:
            previous = self.shelf.datasets.get(previous_id)
            # One that is there and not to be edited was not recorded: it is taken for absent.
            if previous is None or not rights.editable(user, previous):
                raise Refused(400, words.NO_PREVIOUS.format(id=previous_id))
        if (
            not isinstance(order.get("version", ""), str)
            or len(order.get("version", "")) > VERSION_MOST
        ):
            raise unexpected()
        if self._faults.draw("datasets", ("refused-by-cluster",)):
            raise Refused(500, words.CLUSTER_REFUSES)
        named = {n: order[n] for n in ("version", "provenance", "purpose", "type") if n in order}
        dataset = Dataset(
            id=str(uuid.uuid4()),
            name=order["name"],
            description=order["description"],
            project=project.code,
            subproject=order.get("subproject"),
            previous_id=previous_id,
            author_id=user.id,
            author_name=user.name,
            author_email=user.email,
            created_at=self.clock.now(),
            collection_method=order.get("collectionMethod", []),
            license=dict(project.config.get("defaultLicense") or {"title": "", "url": ""}),
            contact_info=project.config.get("defaultContactInfo") or "",
            asked={"studies": order["studies"], "subjects": order["subjects"]},
            job=self._job(),
            **named,
        )
        self.shelf.keep(dataset)
        return dataset

    def status(self, dataset: Dataset) -> tuple[str, str]:
        """`status` and `lastMessage` of the dataset's creation."""
        at_work = dataset.job
        if at_work is None:
            return "finished", words.CREATED
        if at_work.error is not None:
            return "error", at_work.error
        steps = self._steps(at_work)
        if steps < 0:
            return "pending", words.LAUNCHING
        return "running", self._run(dataset).messages[steps]

    def change(self, user: User, dataset: Dataset, name: str, value: Any) -> None:
        """Set one property, wholly or not at all.

        Raises:
            Refused: it is not editable now by this account, or the value is none for it.
        """
        if name not in rights.editable(user, dataset):
            raise Refused(400, words.NOT_EDITABLE)
        changed = copy.deepcopy(dataset)
        changes.apply(changed, name, value, self._around)
        previous = self._previous_at_release(dataset, changed)
        if (told := changes.traced_as(name, value)) is not None:
            self.tracer.changed(changed, user.id, told)
        self.shelf.keep(changed)
        if previous is not None:
            previous.next_id = changed.id
            self.shelf.keep(previous)

    def remove(self, user: User | None, dataset: Dataset) -> None:
        """Raises Refused: only its author while it is being created, or the node's own people."""
        if "delete" not in rights.actions(user, dataset):
            raise unauthorized()
        self._runs.pop(dataset.id, None)
        self.shelf.drop(dataset)

    def restart(self, dataset: Dataset) -> None:
        """Begin the job of a dataset anew. Raises Refused where it has none."""
        if not dataset.is_creating:
            raise unexpected()
        self._runs.pop(dataset.id, None)
        dataset.job = self._job()
        self.shelf.keep(dataset)

    def check_integrity(self, dataset: Dataset) -> None:
        dataset.checked_at = self.clock.now()
        self.shelf.keep(dataset)

    def _found(self, key: str) -> None:
        """Make the project and subproject of a destination, ready to publish."""
        code, _, sub = key.partition("|")
        project = self.shelf.projects.get(code)
        if project is None:
            project = Project(code, code, config={"zenodoAccessToken": "sandbox"})
        sub = sub or code
        if sub not in {known.code for known in project.subprojects}:
            external_id = hashlib.sha256(f"{code}|{sub}".encode()).hexdigest()[:24]
            project.subprojects.append(Subproject(sub, sub, external_id=external_id))
        self.shelf.keep_project(project)

    def _project_for(self, user: User, order: Json) -> Project:
        own = sorted(self.shelf.projects) if user.is_superadmin else user.projects
        code = order.get("project")
        if code is None:
            if not user.projects:
                raise unexpected()
            code = user.projects[0]
        project = self.shelf.projects.get(code) if code in own else None
        if project is None:
            raise Refused(400, words.NO_PROJECT.format(code=code))
        sub = order.get("subproject")
        if sub is not None and sub not in {known.code for known in project.subprojects}:
            raise Refused(400, words.NO_SUBPROJECT.format(code=sub))
        return project

    def _job(self) -> Job:
        is_held = bool(self._faults.draw("datasets", ("held",)))
        fault = self._faults.draw("datasets", ("job-fails",)).get("job-fails")
        fails_at = None if fault is None else int(fault.number(1))
        return Job(self.clock.now(), is_held, fails_at)

    def _steps(self, at_work: Job) -> int:
        """The number of the job's present message; -1 while it says nothing."""
        waited = self.clock.now() - at_work.begun_at - self.options.pending_s
        if at_work.is_held or waited < 0:
            return -1
        return int(waited / self.options.step_s) if self.options.step_s > 0 else 1_000_000_000

    def _run(self, dataset: Dataset) -> Run:
        if dataset.id not in self._runs:
            project = self.shelf.projects[dataset.project]
            previous = self.shelf.datasets.get(dataset.previous_id or "")
            course = job.run(dataset, project, self.lake, previous)
            fails_at = dataset.job.fails_at if dataset.job is not None else None
            if fails_at is not None and fails_at <= len(course.messages):
                course.messages = course.messages[:fails_at]
                course.error = words.JOB_FAILED
            self._runs[dataset.id] = course
        return self._runs[dataset.id]

    def _settle(self, dataset: Dataset) -> None:
        """Bring a dataset to where its job has come; at the end of the job, to its result."""
        at_work = dataset.job
        if at_work is None or at_work.error is not None:
            return
        steps = self._steps(at_work)
        if steps < 0 or steps < len((course := self._run(dataset)).messages):
            return
        del self._runs[dataset.id]
        if course.error is None:
            done = copy.deepcopy(dataset)
            done.studies, done.facts, done.job = course.studies, course.facts, None
            try:
                self.tracer.created(done)
            except Refused:
                course.error = words.JOB_FAILED
            else:
                self.shelf.keep(done)
                self._overwrite_studies(done)
                return
        at_work.error = course.error
        self.shelf.keep(dataset)

    def _overwrite_studies(self, done: Dataset) -> None:
        """A study's id is unique on the node: the latest creation changes it for all datasets."""
        latest = {study.id: study for study in done.studies}
        for dataset in self.shelf.datasets.values():
            shared = [s for s in dataset.studies if s.id in latest and dataset is not done]
            for study in shared:
                new = latest[study.id]
                study.name, study.path, study.url = new.name, new.path, new.url
            if shared:
                self.shelf.keep(dataset)

    def _previous_at_release(self, before: Dataset, after: Dataset) -> Dataset | None:
        """The earlier version that gets a next one by this change."""
        if not before.draft or after.draft or after.previous_id is None:
            return None
        previous = self.shelf.datasets.get(after.previous_id)
        if previous is not None and previous.next_id not in (None, after.id):
            raise Refused(400, words.HAS_NEXT)
        return previous

    def _user(self, user_id: str) -> User | None:
        account = self._issuer.account_of(user_id)
        return None if account is None else User.of_account(account)

    def _zenodo_token(self, project: str) -> str:
        return str(self.shelf.projects[project].config.get("zenodoAccessToken") or "")


def _doi() -> str:
    """An identifier below the prefix that DataCite keeps for tests."""
    return f"https://doi.org/10.5072/zenodo.{1_000_000 + secrets.randbelow(9_000_000)}"
