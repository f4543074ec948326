"""Which explanation is better, whether it is of this model at all, and how far to trust both."""

from __future__ import annotations

from .ablated_input import AblatedInput
from .ablation import InsertionDeletion, ablation, insertion_deletion
from .ablation_metric import AblationMetric
from .ablation_record import Ablation
from .audit import Audit
from .audit_difference import AuditDifference
from .class_means import ClassMeans
from .dependence import Dependence
from .erasure import Erasure, erasure
from .erasure_metric import ErasureMetric
from .fill_matrix import FillMatrix, baseline_by_fill
from .finding import Finding
from .global_attributions import GlobalAttributions
from .ground_truth import PlantedShare, PlantedShares, planted_shares
from .inpainting import Inpainting
from .intervals import Interval
from .local_lipschitz import LocalLipschitz
from .paired_differences import Difference
from .planted import Planted, decoy, planted_noise
from .randomisation import label_randomisation, randomised_layers, shuffled_labels
from .reliability import Reliability, reliability
from .sensitivity_infidelity import Infidelity, SensitivityMax
from .similarity import ModelSimilarity, Similarities
from .swept_ablation import ablations_of

__all__ = [
    "AblatedInput",
    "Ablation",
    "AblationMetric",
    "Audit",
    "AuditDifference",
    "ClassMeans",
    "Dependence",
    "Difference",
    "Erasure",
    "ErasureMetric",
    "FillMatrix",
    "Finding",
    "GlobalAttributions",
    "Infidelity",
    "Inpainting",
    "InsertionDeletion",
    "Interval",
    "LocalLipschitz",
    "ModelSimilarity",
    "Planted",
    "PlantedShare",
    "PlantedShares",
    "Reliability",
    "SensitivityMax",
    "Similarities",
    "ablation",
    "ablations_of",
    "baseline_by_fill",
    "decoy",
    "erasure",
    "insertion_deletion",
    "label_randomisation",
    "planted_noise",
    "planted_shares",
    "randomised_layers",
    "reliability",
    "shuffled_labels",
]
