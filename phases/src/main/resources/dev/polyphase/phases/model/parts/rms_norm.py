  # ---- Norm: root mean square over the last dimension, computed in float32 (Zhang and Sennrich 2019, eq. 4).

  def norm(self: __torch__.K, x: Tensor, weight: Tensor) -> Tensor:
    xf = torch.to(x, 6)
    scale = torch.rsqrt(torch.add(torch.mean(torch.mul(xf, xf), [-1], True), {{rms_norm_eps}}))
    return torch.mul(torch.type_as(torch.mul(xf, scale), x), torch.type_as(weight, x))
