  # ---- What goes on in a class that another file begins.

  # The remainder, {{factor}} times.
  def scaled_remainder(self: __torch__.K, x: Tensor, y: Tensor) -> Tensor:
    return torch.mul((self).divide(x, y)[1], {{factor}})
