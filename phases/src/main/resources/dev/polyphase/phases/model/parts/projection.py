  # ---- Projections, with biases and adapters: weight, bias, a and b are indices in w, -1 for none; number is the projection's own in the block.

  def linear(self: __torch__.K, x: Tensor, w: List[Tensor], weight: int, bias: int) -> Tensor:
    if bias >= 0:
      y = torch.linear(x, torch.type_as(w[weight], x), torch.type_as(w[bias], x))
    else:
      y = torch.linear(x, torch.type_as(w[weight], x))
    return y

  # x with values dropped at random and the others scaled up (Srivastava et al. 2014); which ones follows from the seed, the module's number and x's shape.
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

  # Whether any gradient of the projection's own is wanted.
  def trains_projection(self: __torch__.K, trained: List[int], weight: int, bias: int, a: int, b: int, number: int) -> bool:
    return torch.__or__((self).reads(trained, weight, bias, a, b, number), (self).trains(trained, bias))

  # Whether project_vjp looks at x.
  def reads(self: __torch__.K, trained: List[int], weight: int, bias: int, a: int, b: int, number: int) -> bool:
    return torch.__or__((self).trains(trained, weight), torch.__or__((self).trains(trained, a), (self).trains(trained, b)))

  # gy [..., out]; x as project had it, if it is read. The gradient of x is added to what gx holds: none or one, [tokens, in].
  def project_vjp(self: __torch__.K, gy: Tensor, x: Tensor, trained: List[int], wanted: bool, gx: List[Tensor], found: List[Optional[Tensor]], w: List[Tensor], weight: int, bias: int, a: int, b: int, number: int) -> int:
    g = torch.reshape(gy, [-1, torch.size(gy, -1)])
    if (self).trains(trained, weight):
      _0 = torch._set_item(found, weight, torch.mm(torch.t(g), torch.reshape(x, [-1, torch.size(x, -1)])))
    if (self).trains(trained, bias):
      _1 = torch._set_item(found, bias, torch.sum(g, [0], False, dtype=6))
    if wanted:
      _2 = (self).add_product(gx, g, torch.type_as(w[weight], g))
    if a >= 0:
      _3 = (self).adapter_vjp(g, x, trained, wanted, gx, found, w, a, b, number)
    return 0

  def adapter_vjp(self: __torch__.K, g: Tensor, x: Tensor, trained: List[int], wanted: bool, gx: List[Tensor], found: List[Optional[Tensor]], w: List[Tensor], a: int, b: int, number: int) -> int:
    a1 = torch.type_as(w[a], g)
    # [tokens, rank]
    gi = torch.mul_(torch.mm(g, torch.type_as(w[b], g)), {{adapter_scale}})
    if torch.__or__((self).trains(trained, a), (self).trains(trained, b)):
      rows = (self).dropped(torch.reshape(x, [-1, torch.size(x, -1)]), w, number)
      if (self).trains(trained, a):
        _0 = torch._set_item(found, a, torch.mm(torch.t(gi), rows))
      if (self).trains(trained, b):
        _1 = torch._set_item(found, b, torch.mul_(torch.mm(torch.t(g), torch.linear(rows, a1)), {{adapter_scale}}))
    if wanted:
      # What dropped is linear, and drops the same of arrays of one shape.
      through = (self).dropped(torch.mm(gi, a1), w, number)
      if torch.gt(torch.len(gx), 0):
        _2 = torch.add_(gx[0], through)
      else:
        _3 = torch.append(gx, through)
    return 0

  # Adds g m to what sum holds: none or one.
  def add_product(self: __torch__.K, sum: List[Tensor], g: Tensor, m: Tensor) -> int:
    if torch.gt(torch.len(sum), 0):
      _0 = torch.addmm_(sum[0], g, m)
    else:
      _1 = torch.append(sum, torch.mm(g, m))
    return 0
