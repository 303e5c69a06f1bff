package dev.polyphase.pipelines.language;

import static java.util.Map.entry;

import dev.polyphase.pipelines.Amount;
import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Dpo.PrefixSharing;
import dev.polyphase.pipelines.GradientCheckpointing;
import dev.polyphase.pipelines.Key;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.TrainingEngine;
import dev.polyphase.pipelines.TrainingEngine.Launch;
import dev.polyphase.pipelines.language.PipelineFile.EngineDefaults;
import dev.polyphase.pipelines.language.PipelineFile.PhaseDefaults;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The types of what keys hold. */
final class ValueTypes {
  private static final Map<Type, Function<Key, ValueType<?>>> BY_CLASS =
      Map.ofEntries(
          entry(int.class, key -> whole(key).as(Long::intValue, Integer::longValue)),
          entry(long.class, ValueTypes::whole),
          entry(double.class, ValueTypes::decimal),
          entry(OptionalLong.class, ValueTypes::wholeIfAny),
          entry(OptionalDouble.class, ValueTypes::decimalIfAny),
          entry(boolean.class, key -> flag()),
          entry(String.class, ValueTypes::text),
          entry(Amount.class, ValueTypes::amount),
          entry(
              GradientCheckpointing.class,
              key ->
                  flagOrAuto(
                      GradientCheckpointing.ON,
                      GradientCheckpointing.OFF,
                      GradientCheckpointing.AUTO)),
          entry(
              PrefixSharing.class,
              key -> flagOrAuto(PrefixSharing.ON, PrefixSharing.OFF, PrefixSharing.AUTO)),
          entry(RescanEvery.class, ValueTypes::rescanEvery),
          entry(Budget.class, ValueTypes::budget),
          entry(Reference.class, ValueTypes::reference),
          entry(BaseModel.class, MappingTypes.BaseModelType::new),
          entry(Launch.class, ValueTypes::launch),
          entry(
              PhaseDefaults.class,
              key -> new MappingTypes.Defaults<>(Shape.of(Phase.class), PhaseDefaults::new)),
          entry(
              EngineDefaults.class,
              key ->
                  new MappingTypes.Defaults<>(
                      Shape.of(TrainingEngine.class), EngineDefaults::new)));

  private ValueTypes() {}

  /** The type of a record's component, within the bounds that its key declares. */
  static ValueType<?> of(Type type, Key key) {
    Function<Key, ValueType<?>> known = BY_CLASS.get(type);
    if (known != null) {
      return known.apply(key);
    }
    if (type instanceof ParameterizedType generic) {
      if (generic.getRawType() == Map.class) {
        return new AnyMapping();
      }
      Type argument = generic.getActualTypeArguments()[0];
      if (generic.getRawType() == Optional.class) {
        return ifAny(of(argument, key));
      }
      return listOf((Class<?>) argument, key);
    }
    Class<?> other = (Class<?>) type;
    return other.isEnum() ? choice(other) : new MappingTypes.MappingOf<>(Shape.of(other), key);
  }

  private static ValueType<?> listOf(Class<?> entry, Key key) {
    if (entry == String.class) {
      return new ManyOf<>(text(key), key, false);
    }
    if (entry == Double.class) {
      return new ManyOf<>(decimal(key), key, false);
    }
    return entry.isEnum()
        ? new ManyOf<>(choice(entry), key, true)
        : new MappingTypes.ListOf<>(Shape.of(entry), key);
  }

  // ---- single values

  private static SingleValue<Long> whole(Key key) {
    long least = (long) key.from();
    long most = Double.isNaN(key.to()) ? Long.MAX_VALUE : (long) key.to();
    return new SingleValue<>(
        List.of(new Form.Whole(least, most)),
        "a whole number of at least "
            + least
            + (most == Long.MAX_VALUE ? " and below 2^63" : " and at most " + most),
        scalar ->
            scalar
                .number()
                .flatMap(ValueTypes::exact)
                .filter(number -> number >= least && number <= most),
        number -> number,
        least);
  }

  private static Optional<Long> exact(BigDecimal number) {
    try {
      return Optional.of(number.longValueExact());
    } catch (ArithmeticException e) {
      return Optional.empty();
    }
  }

  private static SingleValue<Double> decimal(Key key) {
    return decimal(Range.of(key));
  }

  private static SingleValue<Double> decimal(Range range) {
    return new SingleValue<>(
        List.of(new Form.Decimal(range)),
        range.wanted(),
        scalar ->
            scalar
                .number()
                .map(BigDecimal::doubleValue)
                .filter(number -> Double.isFinite(number) && range.contains(number)),
        ValueTypes::number,
        0.0);
  }

  /** Whole numbers without a fraction, as a person writes them. */
  static Number number(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      return (long) value;
    }
    return value;
  }

  private static SingleValue<Boolean> flag() {
    return new SingleValue<>(
        List.of(new Form.Flag()), "true or false", Scalar::bool, flag -> flag, false);
  }

  static SingleValue<String> text(Key key) {
    Wording wording = Wording.of(key);
    return new SingleValue<>(
        List.of(new Form.Text(wording)),
        wording.wanted(),
        // a plain number is text where text is wanted, as in the name 2024; true and false are not
        scalar ->
            Optional.of(scalar.text())
                .filter(text -> scalar.bool().isEmpty() && !scalar.isNull() && wording.fits(text)),
        text -> text,
        "");
  }

  /** What stands in for a wrong word of no default is the first. */
  @SuppressWarnings("unchecked") // the class is an enum's
  private static SingleValue<Enum<?>> choice(Class<?> enumClass) {
    Class<? extends Enum<?>> type = (Class<? extends Enum<?>>) enumClass;
    Enum<?>[] constants = type.getEnumConstants();
    List<String> words = Words.of(type);
    return new SingleValue<>(
        List.of(new Form.Choice(words)),
        "one of " + String.join(", ", words),
        scalar -> Words.constant(type, scalar.text()).map(constant -> constant),
        Words::of,
        constants[0]);
  }

  private static SingleValue<Amount> amount(Key key) {
    SingleValue<Amount> count =
        whole(key).as(Amount.Count::new, amount -> ((Amount.Count) amount).count());
    SingleValue<Amount> share =
        decimal(Range.PROPER_SHARE)
            .as(Amount.Share::new, amount -> ((Amount.Share) amount).share());
    return new SingleValue<>(
        Stream.concat(count.forms().stream(), share.forms().stream()).toList(),
        count.wanted() + ", or " + share.wanted(),
        scalar -> share.meaning().apply(scalar).or(() -> count.meaning().apply(scalar)),
        amount -> (amount instanceof Amount.Share ? share : count).write(amount),
        new Amount.Count(1));
  }

  private static <T> SingleValue<T> flagOrAuto(T on, T off, T auto) {
    SingleValue<T> flag = flag().as(isOn -> isOn ? on : off, on::equals);
    return flag.orWord("auto", auto, "true, false or auto");
  }

  private static SingleValue<RescanEvery> rescanEvery(Key key) {
    SingleValue<RescanEvery> steps =
        whole(key).as(RescanEvery.Steps::new, every -> ((RescanEvery.Steps) every).count());
    return steps.orWord("epoch", new RescanEvery.Epoch(), "epoch, or " + steps.wanted());
  }

  private static SingleValue<Budget> budget(Key key) {
    SingleValue<Budget> percent =
        decimal(key)
            .as(
                number -> new Budget.Percent(number, Budget.Of.MODULES),
                budget -> ((Budget.Percent) budget).percent());
    return percent.orWord("adaptive", new Budget.Adaptive(), percent.wanted() + ", or adaptive");
  }

  private static SingleValue<Reference> reference(Key key) {
    return text(key)
        .as(
            text ->
                switch (text) {
                  case "precomputed" -> new Reference.Precomputed();
                  case "shared" -> new Reference.Shared();
                  default -> new Reference.Checkpoint(text);
                },
            reference -> {
              if (reference instanceof Reference.Checkpoint checkpoint) {
                return checkpoint.path();
              }
              return reference instanceof Reference.Shared ? "shared" : "precomputed";
            });
  }

  private static SingleValue<Launch> launch(Key key) {
    SingleValue<Launch> command =
        text(key).as(Launch.Command::new, launch -> ((Launch.Command) launch).line());
    return command
        .orWord("local", new Launch.Local(), key.wanted())
        .orWord("slurm", new Launch.Slurm(), key.wanted());
  }

  // ---- what may stay away

  private static <T> ValueType<Optional<T>> ifAny(ValueType<T> type) {
    return new IfAny<>(type, Optional::of, value -> value, Optional.empty());
  }

  private static ValueType<OptionalLong> wholeIfAny(Key key) {
    return new IfAny<>(
        whole(key),
        OptionalLong::of,
        value -> value.isPresent() ? Optional.of(value.getAsLong()) : Optional.empty(),
        OptionalLong.empty());
  }

  private static ValueType<OptionalDouble> decimalIfAny(Key key) {
    return new IfAny<>(
        decimal(key),
        OptionalDouble::of,
        value -> value.isPresent() ? Optional.of(value.getAsDouble()) : Optional.empty(),
        OptionalDouble.empty());
  }

  /** A value, if there is one. */
  private record IfAny<T, O>(
      ValueType<T> type, Function<T, O> present, Function<O, Optional<T>> value, O standIn)
      implements ValueType<O> {

    @Override
    public List<Form> forms() {
      return type.forms();
    }

    @Override
    public String wanted() {
      return type.wanted();
    }

    @Override
    public boolean required() {
      return false;
    }

    @Override
    public O read(String key, Node node, Block block, Supplier<O> instead) {
      // there is one, if a wrong one
      return present.apply(type.read(key, node, block, type::standIn));
    }

    @Override
    public @Nullable Object write(O written) {
      return value.apply(written).map(type::write).orElse(null);
    }
  }
}
