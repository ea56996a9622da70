"""The product's settings with the job kinds of the tests, for processes that a test starts and lets die."""

from sellercenter import settings as product
from sellercenter.settings import *  # noqa: F403

JOB_KINDS = [*product.JOB_KINDS, "tests.sellercenter.test_jobs.KINDS"]
