  # ---- Activation: x sigmoid(x) (Hendrycks and Gimpel 2016).

  def activated(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.silu(x)

  # In g's place.
  def activated_vjp_(self: __torch__.K, g: Tensor, x: Tensor) -> Tensor:
    return torch.silu_backward(g, x, grad_input=g)
