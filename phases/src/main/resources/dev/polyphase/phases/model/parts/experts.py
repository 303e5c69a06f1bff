  # ---- Experts: each token goes through those that its router chooses, and what they give is added up by its shares (Shazeer et al. 2017, eq. 1).
  # n: the tokens of all rows; {{chosen}} experts a token of {{experts}}. Of each expert only its own tokens are computed.

  # Nothing of x is read again beside what autograd keeps.
  def mlp_reads(self: __torch__.K, trained: List[int]) -> bool:
    return False

  def trains_mlp(self: __torch__.K, trained: List[int]) -> bool:
    table = {{projections}}
    found = (self).trains_projection(trained, {{router}})
    for i in range(torch.floordiv(torch.len(table), 5)):
      at = torch.mul(i, 5)
      if (self).trains_projection(trained, table[at], table[torch.add(at, 1)], table[torch.add(at, 2)], table[torch.add(at, 3)], table[torch.add(at, 4)]):
        found = True
    return found

  # x, the result [batch, seq, hidden]; said: what is to be told of the routing is appended. By autograd: kept are what was told of probabilities, the leaves
  # whose gradients are wanted, and the result.
  def mlp(self: __torch__.K, x: Tensor, w: List[Tensor], said: List[Tensor], trained: List[int], wanted: bool, kept: List[Tensor]) -> Tensor:
    through = torch.__or__(wanted, (self).trains_mlp(trained))
    x1 = torch.requires_grad_(torch.detach(x), wanted)
    leaves = annotate(List[Tensor], [])
    w1 = annotate(List[Tensor], [])
    for i in range(torch.len(w)):
      wi = torch.detach(w[i])
      if torch.__and__(through, (self).trains(trained, i)):
        _0 = torch.append(leaves, torch.requires_grad_(wi, True))
      _1 = torch.append(w1, wi)
    told = annotate(List[Tensor], [])
    y = (self).mixed(x1, w1, told)
    if through:
      if {{says_routing}}:
        _2 = torch.append(kept, told[0])
      _3 = torch.append(kept, x1)
      for i in range(torch.len(leaves)):
        _4 = torch.append(kept, leaves[i])
      _5 = torch.append(kept, y)
    for i in range(torch.len(told)):
      _6 = torch.append(said, torch.detach(told[i]))
    return torch.detach(y)

  # g: the gradient of the result; behind that of the block of_outputs has that of the probabilities, if any is. That of x, if it is wanted, else g.
  def mlp_vjp(self: __torch__.K, g: Tensor, of_outputs: List[Tensor], x: Tensor, w: List[Tensor], trained: List[int], wanted: bool, kept: List[Tensor], found: List[Optional[Tensor]]) -> Tensor:
    # Where all that is trained is experts, none of which has a token, there is no graph; and the router may have none.
    ends = annotate(List[Tensor], [])
    of_ends = annotate(List[Optional[Tensor]], [])
    y = torch.pop(kept, -1)
    if ops.prim.requires_grad(y):
      _0 = torch.append(ends, y)
      _1 = torch.append(of_ends, g)
    weights = annotate(List[int], [])
    leaves = annotate(List[Tensor], [])
    for i in range(torch.len(w)):
      weight = torch.sub(torch.sub(torch.len(w), 1), i)
      if (self).trains(trained, weight):
        _2 = torch.append(weights, weight)
        _3 = torch.append(leaves, torch.pop(kept, -1))
    x1 = torch.pop(kept, -1)
    if wanted:
      _4 = torch.append(leaves, x1)
    if {{says_routing}}:
      probabilities = torch.pop(kept, -1)
      if torch.__and__(torch.gt(torch.len(of_outputs), 1), ops.prim.requires_grad(probabilities)):
        _5 = torch.append(ends, probabilities)
        _6 = torch.append(of_ends, of_outputs[1])
    gx = g
    if torch.gt(torch.len(ends), 0):
      gradients = torch.grad(ends, leaves, of_ends, None, False, True)
      for i in range(torch.len(weights)):
        # The leaves are all trained weights, of which it knows its own.
        if torch.__isnot__(gradients[i], None):
          _7 = torch._set_item(found, weights[i], gradients[i])
      if wanted:
        gx = unchecked_cast(Tensor, gradients[torch.len(weights)])
    return gx

  # said: what is to be told of the routing is appended.
  def mixed(self: __torch__.K, x: Tensor, w: List[Tensor], said: List[Tensor]) -> Tensor:
    hidden = torch.size(x, 2)
    rows = torch.reshape(x, [-1, hidden])
    n = torch.size(rows, 0)
    # [n, chosen]
    shares, choices, = (self).route(rows, w, said)
    # Expert by expert, the tokens of each in their order.
    sorted, order, = torch.sort(torch.reshape(choices, [-1]), stable=True, dim=0, descending=False)
    experts = torch.arange(torch.add({{experts}}, 1), dtype=4, device=torch.device("{{device}}"))
    # The one thing that is read from the device: how many tokens each expert has.
    starts = torch.to(torch.searchsorted(sorted, experts), torch.device("cpu"))
    counts = annotate(List[int], [])
    for e in range({{experts}}):
      _0 = torch.append(counts, torch.sub(int(torch.select(starts, 0, torch.add(e, 1))), int(torch.select(starts, 0, e))))
    # Every index stands in order once, so that gradients are added up in one order on any device: by the sum over a token's copies.
    copies = torch.reshape(torch.expand(torch.unsqueeze(rows, 1), [n, {{chosen}}, hidden]), [-1, hidden])
    parts = torch.split_with_sizes(torch.index_select(copies, 0, order), counts, 0)
    table = {{projections}}
    found = annotate(List[Tensor], [])
    for e in range({{experts}}):
      if torch.gt(counts[e], 0):
        _1 = torch.append(found, (self).expert(parts[e], w, table, torch.mul(e, {{indices_of_expert}})))
    y = torch.reshape(torch.index_select(torch.cat(found), 0, torch.argsort(order)), [n, {{chosen}}, hidden])
    sum = torch.sum(torch.mul(y, torch.unsqueeze(shares, -1)), [1])
    return torch.reshape(torch.type_as(sum, x), torch.size(x))
