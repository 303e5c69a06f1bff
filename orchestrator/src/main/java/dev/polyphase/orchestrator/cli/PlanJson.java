package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.data.DataCounts;
import dev.polyphase.orchestrator.engine.DeviceMemory;
import dev.polyphase.orchestrator.engine.DiskNeed;
import dev.polyphase.orchestrator.engine.ExpectedTarget.Certainty;
import dev.polyphase.orchestrator.engine.ExpectedTarget.TypeCount;
import dev.polyphase.orchestrator.engine.PhaseWarnings;
import dev.polyphase.orchestrator.engine.PlannedPhase;
import dev.polyphase.orchestrator.engine.RunDisk;
import dev.polyphase.orchestrator.engine.SharedRows;
import dev.polyphase.phases.api.BeyondPositions;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.ProcessShare;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.rescanner.UnfrozenParameters;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A plan as one JSON object, for scripts; sizes are bytes. */
final class PlanJson {
  private PlanJson() {}

  /**
   * The plan's text, one line.
   *
   * @param device what the devices have
   * @param disk what the phases write
   */
  static String of(
      Pipeline pipeline, List<PlannedPhase> phases, DeviceMemory device, RunDisk disk) {
    ObjectNode plan = JsonNodeFactory.instance.objectNode();
    plan.put("name", pipeline.name());
    plan.set("compute", compute(phases.get(0).plan().compute()));
    if (device.total() > 0) {
      plan.putObject("device_memory")
          .put("available_bytes", device.available())
          .put("total_bytes", device.total());
    } else {
      plan.putNull("device_memory");
    }
    plan.set("disk", disk(disk));
    ArrayNode list = plan.putArray("phases");
    for (int i = 0; i < phases.size(); i++) {
      list.add(phase(phases.get(i), device, disk.phases().get(i)));
    }
    return plan + "\n";
  }

  private static ObjectNode compute(Compute compute) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("library", compute.library())
        .put("device", compute.device())
        .put("dtype", compute.dtype())
        .put("reason", compute.reason());
  }

  private static ObjectNode disk(RunDisk disk) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("folder", disk.folder())
            .put("needed_bytes", disk.neededBytes());
    if (disk.freeBytes().isPresent()) {
      node.put("free_bytes", disk.freeBytes().getAsLong()).put("fits", disk.fits());
    } else {
      node.putNull("free_bytes").putNull("fits");
    }
    ArrayNode warnings = node.putArray("warnings");
    disk.lack().ifPresent(warnings::add);
    return node;
  }

  private static ObjectNode phase(PlannedPhase planned, DeviceMemory device, DiskNeed disk) {
    PhasePlan plan = planned.plan();
    ObjectNode phase = JsonNodeFactory.instance.objectNode();
    phase.put("name", planned.phase().name());
    phase.put("type", planned.phase().type().name().toLowerCase(Locale.ROOT));
    ArrayNode modules = phase.putArray("modules");
    for (TypeCount type : planned.target().types()) {
      modules
          .addObject()
          .put("type", type.type())
          .put("selected", type.selected())
          .put("of", type.modules())
          .put("exact", type.certainty() != Certainty.AT_MOST)
          .put("always", type.certainty() == Certainty.ALWAYS);
    }
    ArrayNode patterns = phase.putArray("patterns");
    for (UnfrozenParameters.Match match : planned.target().patterns()) {
      patterns
          .addObject()
          .put("pattern", match.pattern())
          .put("tensors", match.tensors().size())
          .put("parameters", match.parameters());
    }
    phase.put("trained_parameters", plan.trainedValues());
    phase.put("trained_parameters_exact", planned.target().exact());
    phase.put("model_parameters", plan.modelValues());
    phase.put("rows", plan.data().pieces());
    phase.set("data", counts(plan.data()));
    ObjectNode datasets = phase.putObject("datasets");
    plan.datasets().forEach((name, ofDataset) -> datasets.set(name, counts(ofDataset)));
    phase.set("beyond_positions", plan.beyond() == null ? phase.nullNode() : beyond(plan.beyond()));
    phase.put("tokens_per_epoch", plan.epochTokens());
    ArrayNode epoch = phase.putArray("epoch");
    plan.epoch().forEach(share -> epoch.add(share(share)));
    if (plan.slots() > 0) {
      phase.put("packing", (double) plan.epochTokens() / plan.slots());
    } else {
      phase.putNull("packing");
    }
    @Nullable DataCounts heldOut = plan.heldOut();
    phase.put("eval_rows", heldOut == null ? 0 : heldOut.pieces());
    phase.set("held_out", heldOut == null ? phase.nullNode() : counts(heldOut));
    ArrayNode shared = phase.putArray("shared_rows");
    for (SharedRows rows : planned.shared()) {
      shared
          .addObject()
          .put("phase", rows.earlier())
          .put("trained_rows", rows.trained())
          .put("held_out_rows", rows.heldOut());
    }
    ArrayNode ends = phase.putArray("ends");
    plan.ends().forEach(end -> ends.addObject().put("id", end.id()).put("text", end.text()));
    phase.put("steps", plan.steps());
    phase.put("rescans", plan.rescans());
    phase.put("tokens", plan.totalTokens());
    phase.set("compute", compute(plan.compute()));
    phase.set("memory", plan.memory() == null ? phase.nullNode() : memory(plan.memory()));
    phase.set("memory_of_each_gpu", plan.share() == null ? phase.nullNode() : share(plan.share()));
    ArrayNode places = phase.putArray("places");
    for (DeviceNeed place : plan.deviceNeeds()) {
      places
          .addObject()
          .put("device", place.device())
          .put("first_block", place.firstBlock())
          .put("blocks", place.blocks())
          .put("bytes", place.bytes());
    }
    phase
        .putObject("disk")
        .put("checkpoints", disk.checkpoints())
        .put("checkpoint_bytes", disk.checkpointBytes())
        .put("model_bytes", disk.modelBytes())
        .put("best_weights_bytes", disk.bestBytes())
        .put("rescan_bytes", disk.rescanBytes())
        .put("last_good_bytes", disk.lastGoodBytes())
        .put("adapter_bytes", disk.adapterBytes())
        .put("engine_bytes", disk.engineBytes())
        .put("other_bytes", disk.otherBytes());
    addFit(phase, planned, device);
    ArrayNode warnings = phase.putArray("warnings");
    PhaseWarnings.of(planned, device).forEach(warnings::add);
    return phase;
  }

  /** Where sequence_len is more than what the model's positions were made for. */
  private static ObjectNode beyond(BeyondPositions beyond) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("made_for", beyond.madeFor())
        .put("by", beyond.by())
        .put("longest_row", beyond.longestRow());
  }

  private static ObjectNode share(ProcessShare share) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("processes", share.processes())
        .put("frozen_bytes", share.frozenBytes())
        .put("trained_bytes", share.trainedBytes())
        .put("total_bytes", share.bytes());
  }

  private static ObjectNode share(DatasetShare share) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("dataset", share.dataset())
        .put("available_rows", share.rows())
        .put("epoch_rows", share.epochRows())
        .put("epoch_tokens", share.epochTokens());
  }

  /** As {@code run.json} has them. */
  private static ObjectNode counts(DataCounts counts) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("read", counts.read())
        .put("kept", counts.kept())
        .put("cut", counts.cut())
        .put("dropped", counts.dropped())
        .put("without_loss", counts.withoutLoss());
    ObjectNode bad = node.putObject("bad");
    counts.bad().forEach(bad::put);
    return node.put("seams", counts.seams())
        .put("equal", counts.equal())
        .put("equal_after_cut", counts.equalAfterCut())
        .put("pieces", counts.pieces())
        .put("tokens", counts.tokens())
        .put("duplicates", counts.duplicates())
        .put("also_held_out", counts.alsoHeldOut())
        .put("desirable", counts.desirable())
        .put("undesirable", counts.undesirable());
  }

  private static ObjectNode memory(MemoryEstimate need) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("batch_rows", need.batchRows())
        .put("batch_tokens", need.batchTokens())
        .put("frozen_bytes", need.frozenBytes())
        .put("mapped_bytes", need.mappedBytes())
        .put("master_bytes", need.masterBytes())
        .put("optimizer_bytes", need.optimizerBytes())
        .put("copy_bytes", need.offload() == null ? 0 : need.offload().copyBytes())
        .put("host_bytes", need.hostBytes())
        .put("reference_bytes", need.referenceBytes())
        .put("gradient_bytes", need.gradientBytes())
        .put("activation_bytes", need.activationBytes())
        .put("gradient_checkpointing", need.recomputed())
        .put("recomputed_blocks", need.recomputedBlocks())
        .put("differentiated_blocks", need.differentiatedBlocks())
        .put("total_bytes", need.totalBytes());
  }

  private static void addFit(ObjectNode phase, PlannedPhase planned, DeviceMemory device) {
    ArrayNode remedies = phase.arrayNode();
    switch (device.fit(planned.plan())) {
      case FITS -> phase.put("fits", true);
      case UNKNOWN -> phase.putNull("fits");
      case SLOWLY, DOES_NOT_FIT -> {
        phase.put("fits", false);
        device.remedies(planned).forEach(remedies::add);
      }
    }
    phase.set("remedies", remedies);
  }
}
