package dev.polyphase.kernels;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A loaded TorchScript source: methods on tensors that libtorch runs. Sources are readable files
 * among the resources; names in {@code {{braces}}} are replaced by constants when one is loaded.
 *
 * <p>Arrays of bfloat16 come out as arrays of an unknown type. They may go into other kernels; any
 * other use that names their type ends the process, so conversions belong in kernels.
 */
public final class Kernel implements AutoCloseable {
  /** How a source begins that says what it does, for messages. */
  private static final String TASK = "# Task: ";

  private static final Pattern CONSTANT = Pattern.compile("\\{\\{([^{}]+)}}");

  private final CompiledSource compiled;
  private final NDManager cpu;
  private final String task;
  private boolean closed;

  private Kernel(CompiledSource compiled, NDManager cpu, String task) {
    this.compiled = compiled;
    this.cpu = cpu;
    this.task = task;
  }

  /**
   * Loads a source.
   *
   * @param manager the owner of what calls are given, and its device
   * @param owner the class next to whose resources the source lies
   * @param resource the source's file name
   * @param constants what to put for the names in braces
   */
  public static Kernel load(
      NDManager manager, Class<?> owner, String resource, Map<String, ?> constants) {
    return load(manager, owner, List.of(resource), constants);
  }

  /**
   * Loads a source that several files make.
   *
   * @param resources the files' names: the first begins the class, the others go on in it
   */
  public static Kernel load(
      NDManager manager, Class<?> owner, List<String> resources, Map<String, ?> constants) {
    Libtorch.prepareThread();
    String text =
        resources.stream().map(name -> read(owner, name)).collect(Collectors.joining("\n"));
    String source =
        CONSTANT
            .matcher(text)
            .replaceAll(
                found -> {
                  Object value = constants.get(found.group(1));
                  if (value == null) {
                    throw new IllegalArgumentException(
                        resources.get(0) + " has a constant without a value: " + found.group());
                  }
                  return Matcher.quoteReplacement(value.toString());
                });
    try {
      return new Kernel(
          CompiledSource.of(source),
          manager.newSubManager(Device.cpu()),
          source.startsWith(TASK)
              ? source.lines().findFirst().orElse("").substring(TASK.length())
              : "a computation");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (EngineException e) {
      throw new OperationFailedException(
          "libtorch does not take the program for a computation; it must be version 2.7.1, which"
              + " 'polyphase doctor' shows; --debug shows its message",
          e);
    }
  }

  /** A call of one of the source's methods, to be given its arguments in the method's order. */
  public Call method(String name) {
    return new Call(name);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      compiled.giveBack();
      cpu.close();
    }
  }

  private static String read(Class<?> owner, String resource) {
    try (InputStream in = owner.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalArgumentException("no resource " + resource + " beside " + owner);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One call. */
  public final class Call {
    private final String name;
    private final NDList arguments = new NDList();
    private final NDList numbers = new NDList();
    private String task = Kernel.this.task;

    private Call(String name) {
      this.name = name;
    }

    /** Names what the call is for, where that says more than what the source does. */
    public Call toDo(String what) {
      task = what;
      return this;
    }

    /** A tensor. */
    public Call with(NDArray tensor) {
      tensor.setName(null);
      arguments.add(tensor);
      return this;
    }

    /**
     * A {@code List[Tensor]}, not empty.
     *
     * @param listName a name that no other list of this call has
     */
    public Call withList(String listName, List<NDArray> tensors) {
      if (tensors.isEmpty()) {
        throw new IllegalArgumentException("the list '" + listName + "' of " + name + " is empty");
      }
      for (NDArray tensor : tensors) {
        tensor.setName(listName + "[]");
        arguments.add(tensor);
      }
      return this;
    }

    /** A whole number: to the kernel a tensor {@code []} on the CPU, so that reading it is free. */
    public Call withNumber(long value) {
      return withNumbers(cpu.create(value));
    }

    /** A number: to the kernel a float64 tensor {@code []} on the CPU. */
    public Call withNumber(double value) {
      return withNumbers(cpu.create(value));
    }

    /** Whole numbers: to the kernel a tensor {@code [n]} on the CPU. */
    public Call withNumbers(long... values) {
      return withNumbers(cpu.create(values));
    }

    /**
     * A whole number, as in {@link #withNumber(long)}, as one more tensor of a list.
     *
     * @param listName the list that was given last
     */
    public Call withNumberInList(String listName, long value) {
      return withNumbersInList(listName, cpu.create(value));
    }

    /**
     * Whole numbers, as in {@link #withNumbers(long...)}, as one more tensor of a list.
     *
     * @param listName a name that no other list of this call has, or the list that was given last
     */
    public Call withNumbersInList(String listName, long... values) {
      return withNumbersInList(listName, cpu.create(values));
    }

    private Call withNumbersInList(String listName, NDArray onCpu) {
      onCpu.setName(listName + "[]");
      numbers.add(onCpu);
      arguments.add(onCpu);
      return this;
    }

    private Call withNumbers(NDArray onCpu) {
      numbers.add(onCpu);
      return with(onCpu);
    }

    /**
     * Runs without recording a graph; the results belong to {@code manager}.
     *
     * @throws OperationFailedException where libtorch refuses; where it lacks memory its own
     *     exception, as {@link Libtorch#ranOutOfMemory} tells
     */
    public NDList run(NDManager manager) {
      return run(manager, false);
    }

    /** Runs under autograd, as kernels that differentiate need it. */
    public NDList runWithAutograd(NDManager manager) {
      return run(manager, true);
    }

    /** Runs without recording a graph and returns the only result. */
    public NDArray runForOne(NDManager manager) {
      return run(manager).singletonOrThrow();
    }

    private NDList run(NDManager manager, boolean gradMode) {
      Libtorch.prepareThread();
      // The results belong to the manager of the first array, and this one only names the method.
      // It is on the CPU: made on a GPU, it would wait for all that the GPU still has to do.
      try (numbers;
          NDArray method = cpu.create(0f)) {
        method.attach(manager);
        method.setName("module_method:" + name);
        NDList inputs = new NDList(arguments.size() + 1);
        inputs.add(method);
        inputs.addAll(arguments);
        JniUtils.setGradMode(gradMode);
        return IValueUtils.forward(compiled.block(), inputs, true);
      } catch (EngineException e) {
        throw Libtorch.ranOutOfMemory(e)
            ? e
            : new OperationFailedException(
                "libtorch failed at %s on %s; --debug shows its message"
                    .formatted(task, Libtorch.deviceName(manager)),
                e);
      }
    }
  }
}
