"""A research platform: a coordinator splits a question, researchers answer the parts, one joins them.

What a researcher could not answer is said in the report, and does not end it.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

import parallel_agents as pa


class Parts(BaseModel):
    """The questions that answer the whole one together."""

    questions: list[str] = Field(min_length=1, max_length=8)


class Finding(BaseModel):
    claim: str
    because: str


class Report(BaseModel):
    question: str
    summary: str
    findings: list[Finding]
    unanswered: list[str]


COORDINATOR = pa.Agent(
    "coordinator",
    instructions="Split the question into parts that one can answer alone.",
    output=Parts,
)
RESEARCHER = pa.Agent("researcher", instructions="Answer with what you know.", output=Finding)
SYNTHESISER = pa.Agent("synthesiser", instructions="Sum the findings up.", output=str)


async def research(flow: pa.Flow, question: str) -> Report:
    parts = (await flow.task("split", pa.Task(COORDINATOR, question))).output.questions
    found = await flow.parallel(
        [pa.Task(RESEARCHER, part) for part in parts], key="research", min_done=1
    )
    told = "\n".join(f"- {each.claim}: {each.because}" for each in found.outputs)
    summary = await flow.task("join", pa.Task(SYNTHESISER, f"{question}\n\nFindings:\n{told}"))
    return Report(
        question=question,
        summary=summary.output,
        findings=found.outputs,
        unanswered=[
            part for part, result in zip(parts, found.results, strict=True) if not result.is_done
        ],
    )


def main() -> None:
    result = pa.run_flow(research, question="Why does tea taste bitter?", key="bitter-tea")
    if not result.is_done:
        print(f"research: {result.status}, {result.error}")
        return
    report = result.output
    print(f"research: {len(report.findings)} findings, {len(report.unanswered)} unanswered")


if __name__ == "__main__":
    main()
