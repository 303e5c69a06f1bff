package dev.polyphase.pipelines;

/** How rows make an optimiser step. */
public record Batch(
    @Key(
            means = "the longest row in tokens",
            absent = "2048",
            from = 2,
            to = 10_000_000,
            also = {"max_length", "max_seq_length"})
        int sequenceLen,
    @Key(
            means = "rows (or pairs of them) of one forward pass",
            absent = "1",
            from = 1,
            to = 65_536,
            also = "per_device_train_batch_size")
        int microBatchSize,
    @Key(means = "forward passes of one optimiser step", absent = "1", from = 1, to = 1_000_000)
        int gradientAccumulationSteps,
    @Key(
            means =
                "short rows, and completions of preference phases, share sequences of up to"
                    + " sequence_len, and micro_batch_size counts those",
            absent = "false",
            also = "packing",
            after = "gradient_checkpointing")
        boolean samplePacking,
    @Key(means = "anew each epoch", absent = "true", after = "sample_packing") boolean shuffle,
    @Key(
            means =
                "whether blocks are computed again in the backward pass rather than kept; with auto"
                    + " as many as memory would not suffice for otherwise",
            absent = "auto",
            after = "neftune_noise_alpha")
        GradientCheckpointing gradientCheckpointing,
    @Key(
            means =
                "NEFTune: uniform noise of this over the root of tokens times hidden size on the"
                    + " embeddings of training rows; 0 for none",
            absent = "0",
            from = 0,
            to = 10_000,
            after = "max_grad_norm")
        double neftuneNoiseAlpha) {}
