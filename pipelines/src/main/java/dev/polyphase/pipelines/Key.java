package dev.polyphase.pipelines;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares the key of the pipeline language whose value a record's component holds, once and for
 * all: from here it is read and checked, written, told to editors and put into the README's table.
 *
 * <p>What it takes follows from the component's type: numbers, words of an enum, texts, lists, and
 * for a record a mapping of that record's keys. A component without this annotation is a record
 * whose keys stand among those of the record around it; where it is optional, it is there when all
 * of its keys that have no default are.
 *
 * <p>A component must be given unless it has a default or is optional. What several keys say
 * together is checked by the rules in the package {@code language}.
 *
 * <p>The bounds here are shared by several keys. As all bounds they are far beyond any use, and so
 * small that products, as of steps and tokens, fit a {@code long}: what is larger is a slip of the
 * hand.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Key {
  /** Most optimiser steps, and most of what counts them or rows. */
  int STEPS = 1_000_000_000;

  /** Most tokens and parameters. */
  long TOKENS = 1_000_000_000_000_000L;

  /** The highest learning rate, and the most that one is multiplied by. */
  double RATE = 1000;

  /** The highest loss. */
  double LOSS = 1e6;

  /** What it means, in Markdown without a full stop. */
  String means();

  /** Its name; that of the component, with underscores, where it is empty. */
  String name() default "";

  /** Its default as a file would have it; none where it is empty. */
  String absent() default "";

  /** Keys beside which the default does not count. */
  String[] unless() default {};

  /**
   * Whether an optional component must be given where it applies; which is where, a rule says. All
   * others must be given anyway.
   */
  boolean required() default false;

  /**
   * What other trainers call it. A name that begins with {@code ../} stands beside the mapping that
   * this key is in.
   */
  String[] also() default {};

  /** A number is above this. */
  double above() default Double.NaN;

  /** A number is at least this. */
  double from() default Double.NaN;

  /** A number is below this. */
  double below() default Double.NaN;

  /** A number is at most this. */
  double to() default Double.NaN;

  /** What the whole of a text must match; a regular expression of JavaScript too. */
  String pattern() default "";

  /** What a message asks for where the type does not say enough. */
  String wanted() default "";

  /** How many entries a list has at least. */
  int items() default 1;

  /** Whether an entry alone may stand for a list of one. */
  boolean orOne() default false;

  /** Which key of a mapping a word alone stands for. */
  String alone() default "";

  /** Another way to say the same: a phase that says it one way does not inherit the other. */
  String rival() default "";

  /** Whether {@code defaults} may hold it for all phases. */
  boolean inherited() default true;

  /** The types of phases that it is for; all where it is empty. */
  PhaseType[] phases() default {};

  /**
   * Whether a run's {@code pipeline.yaml} has it where it holds its default. What each of many
   * datasets could say, and hardly any does, it need not.
   */
  boolean spelledOut() default true;

  /** Behind which key it is written, where that is not the one declared before it. */
  String after() default "";
}
