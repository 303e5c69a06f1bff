  # ---- Norm: root mean square over the last dimension, computed in float32 (Zhang and Sennrich 2019, eq. 4).
  # x, y [..., n]; weight [n]; scale [..., 1], float32: what each row is multiplied by, one by its root mean square.

  # x, for products with arrays in float32: a GPU converts it on the way, the CPU would for each of them.
  def wide(self: __torch__.K, x: Tensor) -> Tensor:
    if {{on_gpu}}:
      y = x
    else:
      y = torch.to(x, 6)
    return y

  def scale_of(self: __torch__.K, x: Tensor) -> Tensor:
    if torch.eq(ops.prim.dtype(x), 6):
      norm = torch.linalg_vector_norm(x, 2, [-1], True)
      mean = torch.div_(torch.mul_(norm, norm), torch.size(x, -1))
    else:
      # As transformers has it, to the bit.
      xf = torch.to(x, 6)
      mean = torch.mean(torch.mul_(xf, xf), [-1], True)
    return torch.rsqrt_(torch.add_(mean, {{rms_norm_eps}}))

  # y and scale.
  def norm(self: __torch__.K, x: Tensor, weight: Tensor) -> Tuple[Tensor, Tensor]:
    scale = (self).scale_of(x)
    return ((self).normed(x, scale, weight), scale)

  # With f what x times its scale s is multiplied by, n values: gx = s (gy f - x s^2 mean(gy f x)), and the weight's is sum(gy x s) over the rows. Both in
  # float32. Returned is gy in the place of what is not wanted. more: none, or what is to be added to gx.
  def norm_vjp(self: __torch__.K, gy: Tensor, x: Tensor, scale: Tensor, weight: Tensor, of_x: bool, of_weight: bool, more: List[Tensor]) -> Tuple[Tensor, Tensor]:
    n = torch.size(x, -1)
    f = (self).factor(weight, x)
    g = torch.to(gy, 6)
    x1 = (self).wide(x)
    products = torch.reshape(torch.mul(g, x1), [-1, n])
    gw = gy
    if of_weight:
      gw = torch.mv(torch.t(products), torch.reshape(scale, [-1]))
    gx = gy
    if of_x:
      sums = torch.reshape(torch.mv(products, f), torch.size(scale))
      share = torch.mul_(torch.mul_(torch.pow(scale, 3), sums), torch.div(-1., n))
      if torch.gt(torch.len(more), 0):
        behind = torch.addcmul((self).wide(more[0]), x1, share)
      else:
        behind = torch.mul(x1, share)
      gx = torch.addcmul(behind, torch.mul(g, f), scale, out=torch.empty_like(x))
    return (gx, gw)
