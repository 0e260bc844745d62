"""What changes a dataset on the node: one property a request, then read back (upv-node.md 2.3)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from adapters.upv.dataset_details import acts
from adapters.upv.dataset_fields import FORM, faults_in, is_same, property_of, texts_of, wire
from adapters.upv.dataset_refusals import change_refused, not_allowed
from adapters.upv.dataset_service import Body, DatasetService
from transfer.errors import DatasetGone, DatasetRefused, NodeError, NodeFault
from transfer.legal.gate import Action, Cleared
from transfer.publication.values import Act, Dataset, Stage, Texts

_LONGEST_REASON: Final = 128
_TITLES: Final = {field.key: field.title for field in FORM}
_SHOWN: Final = (Stage.RELEASED, Stage.PUBLISHED)


class Changes:
    """Edits, releases, invalidates and deletes. `look` gives a dataset anew, `details` what the
    service itself says of it."""

    def __init__(
        self,
        look: Callable[[str], Awaitable[Dataset]],
        details: Callable[[str], Awaitable[Mapping[str, Any]]],
        opened: Callable[[], Awaitable[DatasetService]],
        node: str,
    ) -> None:
        self._look = look
        self._details = details
        self._opened = opened
        self._node = node

    async def edit(self, id: str, changes: Texts) -> Dataset:
        """As `Publisher.edit`. What is as wanted already is not written again."""
        faults = faults_in(changes)
        if faults:
            raise self._refused(f"The node would not take the metadata: {'; '.join(faults)}.")
        details = await self._details(id)
        held = texts_of(details)
        differing = [key for key in changes if not is_same(key, changes[key], held[key])]
        editable = details.get("editablePropertiesByTheUser")
        fixed = [key for key in differing if property_of(key) not in (editable or ())]
        if fixed:
            raise self._refused(f"The node does not let this account change {_listed(fixed)} now.")
        wanted = {**held, **changes}
        taken: list[str] = []
        for name in dict.fromkeys(map(property_of, differing)):
            keys = [key for key in differing if property_of(key) == name]
            try:
                await self._patch(id, name, wire(name, wanted))
            except DatasetRefused as refused:
                raise self._half_done(refused, keys, taken) from refused
            taken += keys
        dataset = await self._look(id)
        there = {field.key: field.value for field in dataset.fields}
        lost = [key for key in changes if not is_same(key, changes[key], there[key])]
        if lost:
            raise DatasetRefused(
                f"The node took the change of {_listed(lost)} and keeps another value.",
                "Look at the dataset again; somebody else may have changed it at the same time.",
                node=self._node,
            )
        return dataset

    async def release(self, id: str, leave: Cleared) -> Dataset:
        """As `Publisher.show`; it cannot be taken back."""
        if leave.action is not Action.RELEASE or leave.node != self._node:
            # Refuses, before anything is asked.
            leave.spend(Action.RELEASE, node=self._node)
        dataset = await self._look(id)
        if dataset.stage in _SHOWN:
            return dataset
        if dataset.stage is not Stage.DRAFT:
            raise self._not_ready(dataset)
        if Act.SHOW not in dataset.may:
            raise not_allowed((await self._opened()).claims, self._node)
        leave.spend(Action.RELEASE, node=self._node)
        await self._patch(id, "draft", False)
        dataset = await self._look(id)
        if dataset.stage not in _SHOWN:
            raise DatasetRefused(
                "The node took the release, and the dataset is not released.",
                "Look at it again; if it stays so, tell the node's support the time and its id.",
                node=self._node,
            )
        return dataset

    def _not_ready(self, dataset: Dataset) -> DatasetRefused:
        why = {
            Stage.CREATING: "is still being created",
            Stage.FAILED: "was not created: its creation ended in an error",
            Stage.INVALIDATED: "is marked as not to be used",
        }
        return DatasetRefused(
            f"The dataset {why[dataset.stage]}; it was not released.",
            "Follow it to its end, or make another one: eucaim-transfer dataset NAME.",
            node=self._node,
        )

    async def invalidate(self, id: str, reason: str) -> Dataset:
        """As `Publisher.invalidate`. The service takes the reason as a second change, and only of
        what is invalid already."""
        text = reason.strip()
        if not 0 < len(text) <= _LONGEST_REASON or not text.isprintable():
            raise self._refused(
                f"The reason is no line of 1 to {_LONGEST_REASON} characters, which a node takes."
            )
        dataset = await self._look(id)
        if dataset.stage is not Stage.INVALIDATED:
            if Act.INVALIDATE not in dataset.may:
                raise not_allowed((await self._opened()).claims, self._node)
            await self._patch(id, "invalidated", True)
        if dataset.stage is not Stage.INVALIDATED or dataset.reason != text:
            await self._reason(id, text)
        dataset = await self._look(id)
        if dataset.stage is not Stage.INVALIDATED or dataset.reason != text:
            raise DatasetRefused(
                "The node took the change, and does not show the dataset as not to be used for "
                "this reason.",
                "Look at it again; if it stays so, tell the node's support the time and its id.",
                node=self._node,
            )
        return dataset

    async def _reason(self, id: str, text: str) -> None:
        try:
            await self._patch(id, "invalidationReason", text)
        except DatasetRefused as refused:
            raise DatasetRefused(
                f"The dataset is marked as not to be used, but without its reason. {refused.what}",
                "Enter the reason again.",
                node=self._node,
            ) from refused

    async def delete(self, id: str) -> None:
        """As `Publisher.delete`, and seen to be gone."""
        details = await self._details(id)
        if Act.DELETE not in acts(details):
            raise DatasetRefused(
                "The node does not let this account delete the dataset: only its maker may, while "
                "it is being created or when that failed.",
                "Mark it as not to be used instead: eucaim-transfer dataset NAME --invalidate.",
                node=self._node,
            )
        await (await self._opened()).delete(f"/datasets/{id}")
        try:
            await self._details(id)
        except DatasetGone:
            return
        raise NodeFault(
            "The node took the deletion, and the dataset is still there.",
            "Look at it again later; if it stays, tell the node's support the time and its id.",
            node=self._node,
        )

    async def _patch(self, id: str, name: str, value: object) -> None:
        content = json.dumps({"property": name, "value": value}).encode()
        service = await self._opened()
        answer = await service.change(f"/datasets/{id}", Body(content, "application/json"))
        if answer.status not in (200, 204):
            raise change_refused(answer.status, answer.body, answer.retry_after, self._node)

    def _half_done(
        self, refused: NodeError, keys: Sequence[str], taken: Sequence[str]
    ) -> DatasetRefused:
        before = f" Taken before it, and kept: {_listed(taken)}." if taken else ""
        return DatasetRefused(
            f"The node did not take {_listed(keys)}. {refused.what}{before}",
            "Correct it, then go on: what is as wanted already is not sent again.",
            node=self._node,
        )

    def _refused(self, what: str) -> DatasetRefused:
        return DatasetRefused(
            f"{what} Nothing was changed.",
            "Correct it, then go on. The form: eucaim-transfer dataset NAME --template.",
            node=self._node,
            reached_node=False,
        )


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(_TITLES[key].lower() for key in keys)
