"""Former place of `freecp_d2.modeling.purification.gating`, which documents have shown."""

from .purification.gating import gate_scores, gates, stitch_gates

__all__ = ["gate_scores", "gates", "stitch_gates"]
