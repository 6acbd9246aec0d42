"""What the words of AWS mean for tasks that are missing."""

from __future__ import annotations

import pytest
from chalicelib.decide.capacity import CapacityWord
from chalicelib.decide.scarcity import Heard, judge

SPOT_QUOTA = "Max spot instance count exceeded. Launching EC2 instance failed."
ON_DEMAND_QUOTA = "You have requested more vCPU capacity than your current vCPU limit of 32 allows. VcpuLimitExceeded"
NO_SPOT = "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity due to your request."
NO_FARGATE = "(service chat) was unable to place a task. Reason: Capacity is unavailable at this time."
NO_IMAGE = "TaskFailedToStart: CannotPullContainerError: pull image manifest has been retried 5 time(s)"
CRASHED = "EssentialContainerExited: Essential container in task exited: OutOfMemoryError"


@pytest.mark.parametrize(
    ("heard", "word"),
    [
        (Heard(unplaced=1, said=(NO_SPOT,)), CapacityWord.NONE),
        (Heard(unplaced=1, said=(NO_FARGATE,)), CapacityWord.NONE),
        (Heard(unplaced=1, said=(NO_SPOT, SPOT_QUOTA)), CapacityWord.QUOTA),
        (Heard(unplaced=1, said=(ON_DEMAND_QUOTA,)), CapacityWord.QUOTA),
        (Heard(booting=1, said=(NO_SPOT,)), CapacityWord.PLACED),
        (Heard(booting=1, unplaced=1, said=(NO_SPOT,)), CapacityWord.NONE),
        (Heard(ended=(NO_IMAGE,)), CapacityWord.BROKEN),
        (Heard(ended=(CRASHED,)), CapacityWord.BROKEN),
        (Heard(unplaced=1), CapacityWord.SILENT),
        (Heard(), CapacityWord.SILENT),
    ],
)
def test_capacity_quota_patience_and_a_broken_task_are_told_apart(heard: Heard, word: CapacityWord) -> None:
    assert judge(heard).word is word
