-- Has wrk print, besides its own text, what load.py reads: one line of JSON with exact microseconds.
-- Runs once at the end, so it costs no request anything.

-- wrk adds, for each response time above twice the mean interval, the times of the requests that
-- would have been sent in between: one pause of 100 ms in 2 s becomes the p99. This takes them away
-- again, from the longest time down, in the order opposite to wrk's stats_correct().
local function measured(summary, latency, connections)
  local counts, values = {}, {}
  for i = 1, #latency do
    local value, count = latency(i)
    counts[value], values[i] = tonumber(count), value
  end
  local rounds = math.floor(summary.requests / connections)
  if rounds == 0 then return counts, values end
  local interval = math.floor(summary.duration / rounds)
  for i = #values, 1, -1 do
    local value = values[i]
    if value < 2 * interval then break end
    local between = value - interval
    while counts[value] > 0 and between > interval do
      counts[between] = counts[between] - counts[value]
      between = between - interval
    end
  end
  return counts, values
end

local function percentile(counts, values, total, part)
  local rank = math.ceil(part * total)
  for _, value in ipairs(values) do
    rank = rank - counts[value]
    if rank <= 0 then return value end
  end
  return 0
end

function init(arguments)
  connections = tonumber(arguments[1])
end

function setup(thread)
  first = first or thread
end

function done(summary, latency)
  local counts, values = measured(summary, latency, first:get("connections"))
  local total = 0
  for _, count in pairs(counts) do total = total + count end
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"timed":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,'
      .. '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
    summary.requests, total, summary.duration,
    percentile(counts, values, total, 0.50), percentile(counts, values, total, 0.99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
