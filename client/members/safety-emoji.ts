/**
 * The 64 emoji of safety codes, in the order of their numbers: distinct things that every platform draws, without skin, gender, flag or
 * joiner. A change to it changes every safety code. Rule KM20.
 *
 * @module
 */

/** One of the list: what is drawn, and the word by which people say it on the telephone. */
export interface SafetyEmoji {
  readonly symbol: string
  readonly name: string
}

const LIST =
  '🐶 dog 🐱 cat 🦁 lion 🐎 horse 🦄 unicorn 🐷 pig 🐘 elephant 🐰 rabbit 🐼 panda 🐓 rooster 🐧 penguin 🐢 turtle 🐟 fish 🐙 octopus ' +
  '🦋 butterfly 🌷 flower 🌳 tree 🌵 cactus 🍄 mushroom 🌏 globe 🌙 moon 🌈 rainbow 🔥 fire 🍌 banana 🍎 apple 🍓 strawberry 🌽 corn ' +
  '🍕 pizza 🎂 cake 💎 diamond 😀 smiley 🤖 robot 🎩 hat 👓 glasses 🔧 spanner 🎅 santa 👍 thumb 🎃 pumpkin ⌛ hourglass ⏰ clock 🎁 gift ' +
  '💡 bulb 📕 book 🥕 carrot 📎 paperclip 🐳 whale 🔒 lock 🔑 key 🔨 hammer 📞 telephone 🏁 flag 🚂 train 🚲 bicycle ⛵ boat 🚀 rocket ' +
  '🏆 trophy ⚽ ball 🎸 guitar 🎺 trumpet 🔔 bell ⚓ anchor 🎧 headphones 📁 folder 📌 pin'

/** The list: number n of a safety code's six bits is entry n. [KM20] */
export const SAFETY_EMOJI: readonly SafetyEmoji[] = LIST.split(' ').flatMap((word, i, words) =>
  i % 2 === 0 ? [{ symbol: word, name: words[i + 1] as string }] : [],
)
