-- For wrk: update checks as React Native sends them, each from another device.
-- Arguments: a file with one request target per line, up to the device ID; the number of requests to prepare.
local seen = "0123456789abcdef"

local function hex(count)
  local digits = {}
  for place = 1, count do
    local at = math.random(1, 16)
    digits[place] = seen:sub(at, at)
  end
  return table.concat(digits)
end

local function device()
  return table.concat({ hex(8), hex(4), hex(4), hex(4), hex(12) }, "-")
end

local headers = {
  ["Accept"] = "application/json",
  ["Accept-Encoding"] = "gzip",
  ["Content-Type"] = "application/json",
  ["User-Agent"] = "okhttp/4.9.2",
  ["X-CodePush-Plugin-Name"] = "react-native-code-push",
  ["X-CodePush-Plugin-Version"] = "9.0.1",
  ["X-CodePush-SDK-Version"] = "4.2.3",
}

local ready, count, last = {}, 0, 0

function init(args)
  math.randomseed(20250331)
  local targets = {}
  for line in io.lines(args[1]) do
    targets[#targets + 1] = line
  end
  count = math.max(tonumber(args[2]), #targets)
  for number = 1, count do
    local target = targets[(number - 1) % #targets + 1]
    ready[number] = wrk.format("GET", target .. device(), headers)
  end
  for number = count, 2, -1 do
    local other = math.random(1, number)
    ready[number], ready[other] = ready[other], ready[number]
  end
end

function request()
  last = last % count + 1
  return ready[last]
end
