  # ---- Experts: each token goes through those that its router chooses, and what they give is added up by its shares (Shazeer et al. 2017, eq. 1).
  # n: the tokens of all rows; {{chosen}} experts a token of {{experts}}. Of each expert only its own tokens are computed.

  # x, the result [batch, seq, hidden]; said: what is to be told of the routing is appended.
  def mlp(self: __torch__.K, x: Tensor, w: List[Tensor], said: List[Tensor]) -> Tensor:
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
