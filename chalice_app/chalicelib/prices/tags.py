"""The tags by which a service tells what it runs on."""

from __future__ import annotations

INSTANCE_TYPE_TAG = "instance-type"
VCPU_TAG = "vcpu"
MEMORY_TAG = "memory-gb"
