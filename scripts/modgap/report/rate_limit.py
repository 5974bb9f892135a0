"""Snakemake's limit of a hundred jobs a second, which costs more than it saves.

For the limit its scheduler wakes itself a second after every look at the jobs that wait, and looks
again; each job that starts or ends adds a look of its own, and all go on while any job waits. After
a hundred jobs it takes a tenth of a core from them, after a hundred and sixty a third. Standard
library only: the workflow reads this while it is parsed.
"""

DEFAULT_LIMIT = (100, 1)  # jobs, seconds


def drop_rate_limit(workflow):
    """Take the limit away before the first job starts, unless it was asked for.

    workflow : Snakemake's, with the scheduler that is about to start
    """
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit is not None and (limit.max_jobs, limit.timespan) == DEFAULT_LIMIT:
        workflow.scheduler.job_rate_limiter = None
