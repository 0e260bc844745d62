"""Where projects, datasets and traces are kept: one JSON file each, read in again at a start."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from adapters.sandbox.datasets.model import Dataset, Json, Project


class Shelf:
    """All that the service knows. Whoever changes something keeps it."""

    def __init__(self, folder: Path) -> None:
        self._datasets_folder = folder / "datasets"
        self._projects_folder = folder / "projects"
        self._traces_file = folder / "traces.jsonl"
        for part in (self._datasets_folder, self._projects_folder):
            part.mkdir(parents=True, exist_ok=True)
        self.datasets = {
            kept.id: kept for kept in map(Dataset.of_json, _documents(self._datasets_folder))
        }
        self.projects = {
            kept.code: kept for kept in map(Project.of_json, _documents(self._projects_folder))
        }
        self.traces: list[Json] = []
        if self._traces_file.exists():
            lines = self._traces_file.read_text("utf-8").splitlines()
            self.traces = [json.loads(line) for line in lines]

    def keep(self, dataset: Dataset) -> None:
        self.datasets[dataset.id] = dataset
        _write(self._datasets_folder / f"{dataset.id}.json", asdict(dataset))

    def drop(self, dataset: Dataset) -> None:
        del self.datasets[dataset.id]
        (self._datasets_folder / f"{dataset.id}.json").unlink(missing_ok=True)

    def keep_project(self, project: Project) -> None:
        self.projects[project.code] = project
        name = project.code.encode().hex()
        _write(self._projects_folder / f"{name}.json", asdict(project))

    def trace(self, entry: Json) -> None:
        self.traces.append(entry)
        with self._traces_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def _documents(folder: Path) -> Iterator[Json]:
    for file in sorted(folder.glob("*.json")):
        yield json.loads(file.read_text("utf-8"))


def _write(path: Path, content: Json) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content), "utf-8")
    fresh.replace(path)
