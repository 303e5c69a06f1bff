package dev.polyphase.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * {@code macro name(parameters)}: a function that returns what its body writes. It sees the
 * variables of the place where it stands.
 *
 * @param takesMore whether it takes values without names beyond its parameters, as {@code varargs}
 * @param takesMoreNamed whether it takes values with other names, as {@code kwargs}
 * @param takesCaller whether it can be called with a body, its {@code caller}
 */
record Macro(
    String name,
    List<Parameter> parameters,
    Statements.Body body,
    boolean takesMore,
    boolean takesMoreNamed,
    boolean takesCaller)
    implements Statement {

  private static final String CALLER = "caller";

  /** A parameter, with its default where it has one. */
  record Parameter(String name, @Nullable Expression otherwise) {}

  /** {@code call(parameters) macro(arguments)}: a call whose body the macro gets as a macro. */
  record CallBlock(Position at, Macro caller, Invocations.Call call) implements Statement {
    @Override
    public Flow execute(Scope scope, Output output) {
      Value written = call.evaluate(scope, Map.of(CALLER, caller.function(scope)));
      scope.run().at(at);
      Writing.write(written, output);
      return Flow.NEXT;
    }
  }

  /** {@code set name} or {@code filter} with a body: what is done with what the body writes. */
  record Captured(Statements.Body body, @Nullable Target target, Expression result)
      implements Statement {
    /** The variable that {@code result} finds the body's text in; no template can name it. */
    static final String TEXT = "the body's text";

    @Override
    public Flow execute(Scope scope, Output output) {
      Scope inner = scope.inner();
      inner.set(TEXT, body.written(scope));
      Value value = result.evaluate(inner);
      if (target != null) {
        target.assign(value, scope);
      } else {
        Writing.write(value, output);
      }
      return Flow.NEXT;
    }
  }

  @Override
  public Flow execute(Scope scope, Output output) {
    scope.set(name, function(scope));
    return Flow.NEXT;
  }

  private Value.Function function(Scope definedIn) {
    return new Value.Function(name, definedIn, (arguments, run) -> call(arguments, run, definedIn));
  }

  private Value call(Arguments arguments, Run run, Scope definedIn) {
    run.enterMacro();
    Budget.work(1500);
    Scope scope = definedIn.inner();
    Arguments own = special(arguments, scope);
    Arguments.Bound bound =
        own.bind(
            "the macro '" + name + "'",
            parameters.stream().map(Parameter::name).toArray(String[]::new));
    for (Parameter parameter : parameters) {
      scope.set(parameter.name(), value(parameter, bound, scope));
    }
    Output text = new Output();
    body.execute(scope, text);
    run.leaveMacro();
    return text.toText();
  }

  /** Sets the variables that are no parameters; the arguments less what they took. */
  private Arguments special(Arguments arguments, Scope scope) {
    List<Value> positional = arguments.positional();
    Map<String, Value> named = new LinkedHashMap<>(arguments.named());
    Set<String> names = parameters.stream().map(Parameter::name).collect(Collectors.toSet());
    if (takesCaller && !names.contains(CALLER)) {
      @Nullable Value caller = named.remove(CALLER);
      scope.set(CALLER, caller == null ? new Value.Undefined("No caller defined") : caller);
    }
    if (takesMoreNamed) {
      Map<Value, Value> more = new LinkedHashMap<>();
      named.forEach((key, value) -> more.put(Value.text(key), value));
      more.keySet().removeIf(key -> names.contains(Writing.string(key)));
      named.keySet().retainAll(names);
      scope.set("kwargs", new Value.Mapping(more));
    }
    if (takesMore) {
      int own = Math.min(positional.size(), parameters.size());
      List<Value> more = List.copyOf(positional.subList(own, positional.size()));
      scope.set("varargs", new Value.Series(Value.Series.Kind.TUPLE, more));
      positional = positional.subList(0, own);
    }
    return new Arguments(positional, named);
  }

  private static Value value(Parameter parameter, Arguments.Bound bound, Scope scope) {
    if (bound.has(parameter.name())) {
      return bound.required(parameter.name());
    }
    return parameter.otherwise() == null
        ? new Value.Undefined("parameter '" + parameter.name() + "' was not provided")
        : parameter.otherwise().evaluate(scope);
  }
}
