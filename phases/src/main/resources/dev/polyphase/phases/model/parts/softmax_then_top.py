  # ---- Routing: of the softmax over all experts the largest, in float32.

  # rows [n, hidden] -> shares [n, chosen], experts' numbers int64 [n, chosen]
  def route(self: __torch__.K, rows: Tensor, w: List[Tensor], said: List[Tensor]) -> Tuple[Tensor, Tensor]:
    probabilities = torch.softmax((self).project(rows, w, {{router}}), -1, 6)
    top, choices, = torch.topk(probabilities, {{chosen}}, -1, True, True)
    if {{normalised}}:
      shares = torch.div(top, torch.sum(top, [-1], True))
    else:
      shares = top
    if {{shares_rounded}}:
      shares1 = torch.type_as(shares, rows)
    else:
      shares1 = shares
    if {{says_routing}}:
      _0 = torch.append(said, probabilities)
      _1 = torch.append(said, choices)
    return (shares1, choices)
