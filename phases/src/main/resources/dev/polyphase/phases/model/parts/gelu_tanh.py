  # ---- Activation: GELU by its approximation with tanh (Hendrycks and Gimpel 2016).

  def activated(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.gelu(x, approximate="tanh")

  # In g's place.
  def activated_vjp_(self: __torch__.K, g: Tensor, x: Tensor) -> Tensor:
    return torch.gelu_backward(g, x, approximate="tanh", grad_input=g)
