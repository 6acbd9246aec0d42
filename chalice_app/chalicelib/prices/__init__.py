"""What one hour of one host costs: from the Price List API, the Spot price history, and a dated table for when neither
answers. What nobody knows has no price: None, never a guess, because an invented price would end in a report as an
invented saving.
"""

from chalicelib.prices.hosts import Market as Market
from chalicelib.prices.listed import GPUS_PER_INSTANCE as GPUS_PER_INSTANCE
from chalicelib.prices.listed import Price as Price
from chalicelib.prices.listed import fargate_price as fargate_price
from chalicelib.prices.listed import gpus_per_task as gpus_per_task
from chalicelib.prices.listed import hourly_price as hourly_price
from chalicelib.prices.listed import instance_price as instance_price
from chalicelib.prices.tags import INSTANCE_TYPE_TAG as INSTANCE_TYPE_TAG
from chalicelib.prices.tags import MEMORY_TAG as MEMORY_TAG
from chalicelib.prices.tags import VCPU_TAG as VCPU_TAG
