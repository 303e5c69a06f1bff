/**
 * Jinja2 as chat templates use it: what Python's jinja2 renders in the sandbox that Hugging Face
 * sets up for them ({@code trim_blocks}, {@code lstrip_blocks}, {@code tojson} without HTML
 * escaping, {@code raise_exception}), written anew.
 *
 * <p>In order of use: {@link dev.polyphase.jinja.Template} is what others see; {@code Lexer} cuts
 * the source into tokens and does all whitespace control, {@code StatementParser}, {@code
 * ExpressionParser}, {@code PostfixParser} and {@code PrimaryParser} make the tree, from the whole
 * to the part, whose nodes ({@code Statement}, {@code Expression}) execute themselves in a {@code
 * Scope} on {@code Value}s. What Python's types can do is in {@code Attributes}, {@code
 * Subscripts}, {@code Arithmetic}, {@code Comparison}, {@code Formatting} and {@code Writing};
 * {@code Filters}, {@code Tests} and {@code Globals} are tables by name.
 *
 * <p>Every value of the variables remembers its {@code Source}, and every text the {@code Origins}
 * of its characters, which {@code Output} keeps while texts are put together: a {@link
 * dev.polyphase.jinja.Rendering} says where its parts come from.
 *
 * <p>Nothing is looked up by reflection, and no value is ever parsed as a template.
 */
@NullMarked
package dev.polyphase.jinja;

import org.jspecify.annotations.NullMarked;
