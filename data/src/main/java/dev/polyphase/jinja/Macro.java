package dev.polyphase.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code macro name(parameters)}: a function that returns what its body writes. It sees the
 * variables of the place where it stands.
 */
record Macro(String name, List<Parameter> parameters, Statements.Body body) implements Statement {

  /** A parameter, with its default where it has one. */
  record Parameter(String name, @Nullable Expression otherwise) {}

  /** {@code call(parameters) macro(arguments)}: a call whose body the macro gets as a macro. */
  record CallBlock(Position at, Macro caller, Invocations.Call call) implements Statement {
    @Override
    public Flow execute(Scope scope, Output output) {
      Value written = call.evaluate(scope, Map.of("caller", caller.function(scope)));
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
    Map<String, Value> named = new LinkedHashMap<>(arguments.named());
    @Nullable Value caller = named.remove("caller");
    Arguments.Bound bound =
        new Arguments(arguments.positional(), named)
            .bind(
                "the macro '" + name + "'",
                parameters.stream().map(Parameter::name).toArray(String[]::new));
    Scope scope = definedIn.inner();
    for (Parameter parameter : parameters) {
      scope.set(parameter.name(), value(parameter, bound, scope));
    }
    scope.set("caller", caller == null ? new Value.Undefined("no caller is defined") : caller);
    Output text = new Output();
    body.execute(scope, text);
    run.leaveMacro();
    return text.toText();
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
