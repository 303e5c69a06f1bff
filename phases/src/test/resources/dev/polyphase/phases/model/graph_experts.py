
  # Each token goes through all experts; those that it did not choose have a share of 0. table: of each expert the indices of gate, up and down.
  def fed(self: __torch__.K, h: Tensor, w: List[Tensor]) -> Tensor:
    probabilities = torch.softmax(torch.linear(h, w[{{router}}]), -1)
    top, choices, = torch.topk(probabilities, {{chosen}}, -1, True, True)
    if {{normalised}}:
      chosen = torch.div(top, torch.sum(top, [-1], True))
    else:
      chosen = top
    shares = torch.scatter(torch.zeros_like(probabilities), -1, choices, chosen)
    table = {{table}}
    sum = torch.zeros_like(h)
    for e in range(torch.size(shares, -1)):
      at = torch.mul(e, 3)
      y = (self).mlp(h, w, table[at], table[torch.add(at, 1)], table[torch.add(at, 2)])
      sum = torch.add(sum, torch.mul(y, torch.narrow(shares, -1, e, 1)))
    return sum
