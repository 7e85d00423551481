/**
 * What Redis does at once, so that no two instances can both see the last room. The time is that of Redis, so the clocks of
 * the instances do not matter. A window is a hash of slot → amount, as in `window.ts`; places are a sorted set of
 * lease → last heartbeat. Both expire by themselves.
 */
const CLOCK = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local minute = tonumber(ARGV[1])
local slot_ms = minute / 60
local slot = math.floor(now / slot_ms)
local function gone_in(s) return math.ceil((s + 61) * slot_ms - now) end
local function draw(key, amount)
  redis.call('HINCRBY', key, slot, amount)
  redis.call('PEXPIRE', key, minute + 2 * slot_ms)
end
`;

/** Keys of the limits; minute, lease, how long leases live, whether only to look; kind, max and amount of each. */
export const TAKE = `${CLOCK}
local lease, lease_ms, only_look = ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'

local function read_window(key)
  local used, slots = 0, {}
  local all = redis.call('HGETALL', key)
  for n = 1, #all, 2 do
    local s, amount = tonumber(all[n]), tonumber(all[n + 1])
    if s < slot - 60 then
      redis.call('HDEL', key, all[n])
    else
      -- Later than now: the clock was set back. It counts as drawn now, so that it neither goes nor stays too long.
      if s > slot then
        redis.call('HDEL', key, all[n])
        redis.call('HINCRBY', key, slot, amount)
        s = slot
      end
      used = used + amount
      slots[#slots + 1] = { s, amount }
    end
  end
  table.sort(slots, function(a, b) return a[1] < b[1] end)
  return used, slots
end

local function level_of_window(key, max, amount)
  local used, slots = read_window(key)
  local wait = used + amount <= max and 0 or -1
  if wait < 0 and amount <= max then
    local freed = 0
    for _, each in ipairs(slots) do
      freed = freed + each[2]
      if freed >= used + amount - max then wait = gone_in(each[1]) break end
    end
  end
  return math.max(0, max - used), wait, used > 0 and gone_in(slots[#slots][1]) or 0
end

local function level_of_places(key, max, amount)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - lease_ms)
  local remaining = math.max(0, max - redis.call('ZCARD', key))
  return remaining, amount <= remaining and 0 or -1, -1
end

local taken, answer = 1, { 0, slot }
for n, key in ipairs(KEYS) do
  local kind, max, amount = ARGV[2 + n * 3], tonumber(ARGV[3 + n * 3]), tonumber(ARGV[4 + n * 3])
  local level = kind == 'slots' and level_of_places or level_of_window
  local remaining, wait, reset = level(key, max, amount)
  if wait ~= 0 then taken = 0 end
  answer[#answer + 1] = remaining
  answer[#answer + 1] = wait
  answer[#answer + 1] = reset
end
answer[1] = taken
if taken == 0 or only_look then return answer end
for n, key in ipairs(KEYS) do
  local kind, amount = ARGV[2 + n * 3], tonumber(ARGV[4 + n * 3])
  if kind == 'slots' then
    redis.call('ZADD', key, now, lease)
    redis.call('PEXPIRE', key, lease_ms * 2)
  elseif amount > 0 then
    draw(key, amount)
    answer[n * 3 + 2] = gone_in(slot)
  end
  answer[n * 3] = answer[n * 3] - amount
end
return answer`;

/** Keys; minute, lease; slot and correction of each, or an empty slot for a place that is given back. */
export const SETTLE = `${CLOCK}
for n, key in ipairs(KEYS) do
  local drawn_in, by = ARGV[1 + n * 2], tonumber(ARGV[2 + n * 2])
  if drawn_in == '' then
    redis.call('ZREM', key, ARGV[2])
  elseif by > 0 then
    draw(key, by)
  else
    local left = tonumber(redis.call('HGET', key, drawn_in) or 0) + by
    if left > 0 then redis.call('HSET', key, drawn_in, left) else redis.call('HDEL', key, drawn_in) end
  end
end
return 0`;

/** Keys of places; minute, how long leases live; the lease of each. */
export const RENEW = `${CLOCK}
for n, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[2 + n])
  redis.call('PEXPIRE', key, tonumber(ARGV[2]) * 2)
end
return 0`;

/**
 * The keys of all instances and of this one; minute, this instance, how long one lives. Answers whether what this one has
 * drawn is still known, and how many instances there are.
 */
export const BEAT = `${CLOCK}
local lives_ms = tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - lives_ms)
local known = redis.call('EXISTS', KEYS[2])
redis.call('SET', KEYS[2], now, 'PX', minute + 2 * slot_ms)
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('PEXPIRE', KEYS[1], lives_ms * 2)
return { known, redis.call('ZCARD', KEYS[1]) }`;
