  # ---- Projections, with biases and adapters: weight, bias, a and b are indices in w, -1 for none; number is the projection's own in the block.

  def linear(self: __torch__.K, x: Tensor, w: List[Tensor], weight: int, bias: int) -> Tensor:
    if bias >= 0:
      y = torch.linear(x, torch.type_as(w[weight], x), torch.type_as(w[bias], x))
    else:
      y = torch.linear(x, torch.type_as(w[weight], x))
    return y

  # x with values dropped at random and the others scaled up (Srivastava et al. 2014); which ones follows from the seed and the module's number.
  def dropped(self: __torch__.K, x: Tensor, w: List[Tensor], number: int) -> Tensor:
    seed = -1
    if {{dropout_seed}} >= 0:
      seed = int(w[{{dropout_seed}}])
    if torch.ge(seed, 0):
      # Of all devices at once: TorchScript has no generator of a GPU's own.
      torch.manual_seed(torch.add(seed, number))
      mask = torch.bernoulli_(torch.empty_like(x), {{kept_share}})
      y = torch.mul(x, torch.div_(mask, {{kept_share}}))
    else:
      y = x
    return y

  # x W' + bias, and where there are a [rank, in] and b [out, rank] + scale * dropped(x) a' b' (Hu et al. 2021).
  def project(self: __torch__.K, x: Tensor, w: List[Tensor], weight: int, bias: int, a: int, b: int, number: int) -> Tensor:
    if a >= 0:
      rows = torch.reshape(x, [-1, torch.size(x, -1)])
      inner = torch.linear((self).dropped(rows, w, number), torch.type_as(w[a], x))
      y = torch.addmm_((self).linear(rows, w, weight, bias), inner, torch.t(torch.type_as(w[b], x)), alpha={{adapter_scale}})
      y1 = torch.reshape(y, torch.add(torch.slice(torch.size(x), 0, -1, 1), [torch.size(y, 1)]))
    else:
      y1 = (self).linear(x, w, weight, bias)
    return y1
