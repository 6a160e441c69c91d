namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>
/// Searches the highest UDP rate with little loss: by factors until one rate has passed and one failed, then bisection of the logarithm. A pure machine: ask for
/// <see cref="NextRate"/>, probe, <see cref="Report"/>. A near miss gets a second try at the same rate, since a busy machine loses packets by chance.
/// </summary>
internal sealed class RateSearch
{
    /// <summary>Probes of one search at most, so that its time is bounded.</summary>
    public const int ProbesMax = 12;

    private const double NearMiss = 0.05;

    // Below that a sender sent too little for its rate to be what was tried: the sender is the limit.
    private const double SenderShare = 0.93;
    private const double RateMin = 500;

    private readonly double _factor;
    private readonly double _lossMax;
    private readonly double _resolution;
    private double _passed;
    private double _failed = double.PositiveInfinity;
    private bool _isSecondTry;
    private int _probes;

    /// <param name="start">The first rate to try, packets a second.</param>
    /// <param name="factor">Step of the search for a rate that passes and one that fails, above 1.</param>
    /// <param name="lossMax">Loss that passes, a share below 1.</param>
    /// <param name="resolution">The search ends when the passed and the failed rate are this close: 0.05 is 5 %.</param>
    public RateSearch(double start, double factor, double lossMax = 0.01, double resolution = 0.05)
    {
        _factor = factor;
        _lossMax = lossMax;
        _resolution = resolution;
        NextRate = start;
    }

    /// <summary>Packets a second to try now; null: the search is over.</summary>
    public double? NextRate { get; private set; }

    /// <summary>The best probe that passed; null: none.</summary>
    public UdpProbe? Best { get; private set; }

    /// <summary>Takes the result of a probe at <see cref="NextRate"/>.</summary>
    /// <exception cref="InvalidOperationException">The search is over.</exception>
    public void Report(UdpProbe probe)
    {
        var rate = NextRate ?? throw new InvalidOperationException("The search is over.");
        _probes++;
        if (probe.SentPerSecond > 0 && probe.LossShare < _lossMax)
        {
            Pass(rate, probe);
        }
        else if (probe.LossShare < NearMiss && !_isSecondTry)
        {
            _isSecondTry = true;
            NextRate = _probes < ProbesMax ? rate : null;
            return;
        }
        else
        {
            _failed = rate;
        }

        _isSecondTry = false;
        NextRate = _probes < ProbesMax ? Choose() : null;
    }

    private void Pass(double rate, UdpProbe probe)
    {
        _passed = rate;
        if (Best is not { } best || probe.ReceivedPerSecond > best.ReceivedPerSecond)
        {
            Best = probe;
        }

        if (probe.SentPerSecond < SenderShare * rate)
        {
            _failed = rate;
        }
    }

    private double? Choose()
    {
        if (double.IsPositiveInfinity(_failed))
        {
            return _passed * _factor;
        }

        if (_passed == 0)
        {
            return _failed / _factor >= RateMin ? _failed / _factor : null;
        }

        return _failed / _passed > 1 + _resolution ? Math.Sqrt(_passed * _failed) : null;
    }
}
