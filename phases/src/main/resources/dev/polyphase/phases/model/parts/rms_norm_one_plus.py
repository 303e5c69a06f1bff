  # ---- Norm: root mean square over the last dimension, times 1 + weight, computed in float32, then rounded (Zhang and Sennrich 2019, eq. 4).

  def norm(self: __torch__.K, x: Tensor, weight: Tensor) -> Tensor:
    xf = torch.to(x, 6)
    scale = torch.rsqrt(torch.add(torch.mean(torch.mul(xf, xf), [-1], True), {{rms_norm_eps}}))
    return torch.type_as(torch.mul(torch.mul(xf, scale), torch.add(torch.to(weight, 6), 1)), x)
