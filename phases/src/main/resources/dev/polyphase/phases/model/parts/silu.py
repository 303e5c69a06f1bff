  # ---- Activation: x sigmoid(x) (Hendrycks and Gimpel 2016).

  def activated(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.silu(x)
