package dev.polyphase.phases.api;

/**
 * How far a phase can move the values that it trains, whatever its gradients are.
 *
 * @param highestRate the highest learning rate of its steps
 * @param rateSum the learning rates of its steps, added up
 * @param farthest the most by which all updates together can move one of the values looked at; more
 *     than they will, as no gradient lets each update be the largest
 * @param sampled how many of the trained values, as the phase finds them, were looked at
 * @param movable how many of these can be moved to another value of the dtype that they are saved
 *     in, which half that dtype's spacing decides
 * @param dtype the dtype that they are saved in; of several, all
 */
public record Reach(
    double highestRate,
    double rateSum,
    double farthest,
    long sampled,
    long movable,
    String dtype) {}
