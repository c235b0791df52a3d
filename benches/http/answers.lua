-- Prints one line for the script; any answer but 2xx and 3xx, or none, makes it a line of failure.
function done(summary)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  if failed > 0 or summary.requests == 0 then
    print(string.format("FAILED requests=%d status=%d connect=%d read=%d write=%d timeout=%d",
      summary.requests, errors.status, errors.connect, errors.read, errors.write, errors.timeout))
  else
    print(string.format("RESULT %d %d", summary.requests / summary.duration * 1e6, summary.requests))
  end
end
