"""All that a node's doctor says."""

from __future__ import annotations

from transfer.node import CheckResult, Node


async def examined(node: Node, destination: str = "") -> list[CheckResult]:
    return [result async for result in node.checks(destination)]
