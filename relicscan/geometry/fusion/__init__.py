"""What placed partial scans say of the same places, brought together before they are merged.

Each scan becomes a layer that says how far its points may be relied on (`layers`). Points that
better ones of other scans contradict go (`contradictions`), gains even out the exposure
(`exposure`), and what is left of seams between colours is feathered (`blending`). Nothing is
moved, and nothing is made up.
"""

from relicscan.geometry.fusion.blending import corrected, corrections
from relicscan.geometry.fusion.contradictions import contradicted
from relicscan.geometry.fusion.exposure import SAME, color_ratios, exposed, gains, layer_light
from relicscan.geometry.fusion.layers import Layer, layer_of, same_scan

__all__ = [
    "SAME",
    "Layer",
    "color_ratios",
    "contradicted",
    "corrected",
    "corrections",
    "exposed",
    "gains",
    "layer_light",
    "layer_of",
    "same_scan",
]
