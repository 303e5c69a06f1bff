  # ---- Activation: GELU by its approximation with tanh (Hendrycks and Gimpel 2016).

  def activated(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.gelu(x, approximate="tanh")
