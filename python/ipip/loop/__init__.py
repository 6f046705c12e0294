"""The loop: explore, label, pretrain, fine-tune, evaluate; forget, explore, harvest, relabel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.lazy import lazy_names

__all__ = [
    "Explored",
    "FoundInputs",
    "Garbage",
    "LedgerRow",
    "Plan",
    "PretrainingSet",
    "Relabelled",
    "RunState",
    "Sampled",
    "TeacherCheck",
    "Trained",
    "WrittenFrames",
    "check_inputs",
    "check_teacher",
    "collect_garbage",
    "explore_with_teacher",
    "export_student",
    "finetune_student",
    "make_plan",
    "open_pretraining_set",
    "pretrain_student",
    "read_ledger",
    "read_status",
    "relabel_file",
    "rewind_run",
    "run_loop",
    "sample_cluster",
    "settings_from_labels",
    "write_pretraining_frames",
    "write_results_again",
]

if TYPE_CHECKING:
    from ipip.exploration.explore import Explored
    from ipip.exploration.explore import explore as explore_with_teacher
    from ipip.exploration.sampling import Sampled, sample_cluster
    from ipip.loop.checks import FoundInputs, TeacherCheck, check_inputs, check_teacher
    from ipip.loop.first_settings import first_settings as settings_from_labels
    from ipip.loop.garbage import Garbage, collect_garbage
    from ipip.loop.plan import Plan, make_plan
    from ipip.loop.rewind import rewind as rewind_run
    from ipip.loop.run import run_loop
    from ipip.loop.steps import (
        Relabelled,
        Trained,
        finetune_student,
        pretrain_student,
        relabel_file,
    )
    from ipip.records.pretraining_set import PretrainingSet
    from ipip.train.export import export_student
    from ipip.views.ledger import LedgerRow, read_ledger
    from ipip.views.pretraining_frames import (
        WrittenFrames,
        open_pretraining_set,
        write_pretraining_frames,
    )
    from ipip.views.results import write_results_again
    from ipip.views.status import RunState, read_status

__getattr__ = lazy_names(
    __name__,
    {
        "Sampled": "ipip.exploration.sampling",
        "Explored": "ipip.exploration.explore",
        "FoundInputs": "ipip.loop.checks",
        "Garbage": "ipip.loop.garbage",
        "LedgerRow": "ipip.views.ledger",
        "Plan": "ipip.loop.plan",
        "Relabelled": "ipip.loop.steps",
        "PretrainingSet": "ipip.records.pretraining_set",
        "RunState": "ipip.views.status",
        "TeacherCheck": "ipip.loop.checks",
        "Trained": "ipip.loop.steps",
        "WrittenFrames": "ipip.views.pretraining_frames",
        "check_inputs": "ipip.loop.checks",
        "check_teacher": "ipip.loop.checks",
        "collect_garbage": "ipip.loop.garbage",
        "explore_with_teacher": "ipip.exploration.explore:explore",
        "export_student": "ipip.train.export",
        "finetune_student": "ipip.loop.steps",
        "make_plan": "ipip.loop.plan",
        "open_pretraining_set": "ipip.views.pretraining_frames",
        "pretrain_student": "ipip.loop.steps",
        "read_ledger": "ipip.views.ledger",
        "read_status": "ipip.views.status",
        "relabel_file": "ipip.loop.steps",
        "rewind_run": "ipip.loop.rewind:rewind",
        "run_loop": "ipip.loop.run",
        "sample_cluster": "ipip.exploration.sampling",
        "settings_from_labels": "ipip.loop.first_settings:first_settings",
        "write_pretraining_frames": "ipip.views.pretraining_frames",
        "write_results_again": "ipip.views.results",
    },
)
